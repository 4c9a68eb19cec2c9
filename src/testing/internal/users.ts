import * as Effect from "effect/Effect"

import type { Call } from "./clerk.js"
import * as Envelope from "./envelope.js"
import * as Params from "./params.js"
import type { User } from "./state.js"

/** The users that a query selects. The fake filters by `user_id` only. */
const select = ({ clerk, query }: Call): ReadonlyArray<User> => {
  const ids = query.getAll("user_id")
  return clerk.state.users().filter(({ id }) => ids.length === 0 || ids.includes(id))
}

/** Responds with a page of users, the newest first. */
export const list = (call: Call): Effect.Effect<ReadonlyArray<object>, Envelope.ErrorResponse> =>
  Effect.map(Params.page(call.query), ({ limit, offset }) =>
    select(call)
      .toReversed()
      .slice(offset, offset + limit)
      .map(encode)
  )

/** Responds with the number of users. */
export const count = (call: Call): object => ({ object: "total_count", total_count: select(call).length })

/** Responds with one user. */
export const get = ({ clerk, id }: Call): Effect.Effect<object, Envelope.ErrorResponse> =>
  Effect.mapBoth(Effect.fromNullable(clerk.state.user(id)), {
    onFailure: () => Envelope.notFound("user", id),
    onSuccess: encode
  })

/** A user with an id and nothing else. */
const encode = ({ createdAt, id }: User) => ({
  object: "user",
  id,
  username: null,
  first_name: null,
  last_name: null,
  locale: null,
  image_url: "",
  has_image: false,
  primary_email_address_id: null,
  primary_phone_number_id: null,
  primary_web3_wallet_id: null,
  password_enabled: false,
  two_factor_enabled: false,
  totp_enabled: false,
  backup_code_enabled: false,
  email_addresses: [],
  phone_numbers: [],
  web3_wallets: [],
  passkeys: [],
  external_accounts: [],
  saml_accounts: [],
  enterprise_accounts: [],
  public_metadata: {},
  private_metadata: {},
  unsafe_metadata: {},
  external_id: null,
  last_sign_in_at: null,
  last_active_at: null,
  banned: false,
  locked: false,
  deprovisioned: false,
  lockout_expires_in_seconds: null,
  verification_attempts_remaining: null,
  mfa_enabled_at: null,
  mfa_disabled_at: null,
  password_last_updated_at: null,
  legal_accepted_at: null,
  delete_self_enabled: true,
  create_organization_enabled: true,
  created_at: Math.floor(createdAt),
  updated_at: Math.floor(createdAt)
})
