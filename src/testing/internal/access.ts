import * as Arr from "effect/Array"

/**
 * The active organization of a session, as its tokens describe it.
 *
 * @since 0.1.0
 * @category models
 */
export interface OrganizationInit {
  /** The id of the organization; the session's `lastActiveOrganizationId` by default. */
  readonly id?: string | undefined
  /** The slug; derived from the id by default. */
  readonly slug?: string | undefined
  /** The user's role, with or without `org:`; `"org:member"` by default. */
  readonly role?: string | undefined
  /** The permissions of the role, such as `"org:invoices:read"`. System permissions never reach a token. */
  readonly permissions?: ReadonlyArray<string> | undefined
}

/**
 * What the tokens of a session say beside its fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface AccessInit {
  /** The active organization: its slug, role and permissions. */
  readonly organization?: OrganizationInit | undefined
  /** The features of the plans, such as `"o:invoices"`, `"u:beta"`, or a bare name. */
  readonly features?: ReadonlyArray<string> | undefined
  /** The plans, such as `"o:pro"`, `"u:free"`, or a bare name. */
  readonly plans?: ReadonlyArray<string> | undefined
  /** Custom claims of session tokens. They cannot replace Clerk's own claims. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
}

/** A permission in parts: `org:<feature>:<permission>`. */
interface Permission {
  readonly feature: string
  readonly name: string
}

/** The same, checked and with defaults. */
export interface Access {
  readonly slug: string | undefined
  /** Without `org:`. */
  readonly role: string
  readonly permissions: ReadonlyArray<Permission>
  readonly features: ReadonlyArray<string>
  readonly plans: ReadonlyArray<string>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Checks what a session is given. Throws an error that names a permission of the wrong form. */
export const make = ({ claims = {}, features = [], organization = {}, plans = [] }: AccessInit): Access => ({
  slug: organization.slug,
  role: (organization.role ?? "member").replace(/^org:/, ""),
  permissions: (organization.permissions ?? []).flatMap((permission) => {
    const [, feature, name] = permissionPattern.exec(permission) ?? []
    if (feature === undefined || name === undefined) {
      throw new Error(`ClerkTest: the permission "${permission}" must read "org:feature:permission"`)
    }
    return feature.startsWith("sys_") ? [] : [{ feature, name }]
  }),
  features,
  plans,
  claims
})

/** The form of a permission. */
export const permissionPattern = /^org:([\w-]+):([\w-]+)$/

/** The claims of version 2 that tell what the organization and the plans of a session allow. */
export const claimsV2 = (access: Access, organizationId: string | undefined) => {
  const scoped = (name: string) =>
    /^[a-z]+:/.test(name) ? name : `${organizationId === undefined ? "u" : "o"}:${name}`
  const permissions = organizationId === undefined ? [] : access.permissions
  // Organization features stand first: SDKs read the masks by their position among all features or among these.
  const [others, ofOrganization] = Arr.partition(
    Arr.dedupe([...access.features.map(scoped), ...permissions.map(({ feature }) => `o:${feature}`)]),
    (feature) => feature.startsWith("o:")
  )
  const names = Arr.dedupe(permissions.map(({ name }) => name))
  const masks = ofOrganization.map((feature) =>
    permissions
      .filter((permission) => `o:${permission.feature}` === feature)
      .reduce((mask, { name }) => mask | (1n << BigInt(names.indexOf(name))), 0n)
      .toString()
  )
  const features = [...ofOrganization, ...others]
  return {
    ...(features.length === 0 ? {} : { fea: features.join(",") }),
    ...(access.plans.length === 0 ? {} : { pla: access.plans.map(scoped).join(",") }),
    ...(organizationId === undefined
      ? {}
      : {
          o: {
            id: organizationId,
            slg: access.slug ?? slugOf(organizationId),
            rol: access.role,
            ...(names.length === 0 ? {} : { per: names.join(","), fpm: masks.join(",") })
          }
        })
  }
}

/** The claims of version 1 about the active organization. */
export const claimsV1 = (access: Access, organizationId: string | undefined) =>
  organizationId === undefined
    ? {}
    : {
        org_id: organizationId,
        org_slug: access.slug ?? slugOf(organizationId),
        org_role: `org:${access.role}`,
        org_permissions: access.permissions.map(({ feature, name }) => `org:${feature}:${name}`)
      }

const slugOf = (id: string) => id.toLowerCase().replaceAll("_", "-")
