/** A tracer that records spans. */
import type * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

export interface RecordedSpan extends Tracer.Span {
  readonly attributes: ReadonlyMap<string, unknown>
  readonly events: ReadonlyArray<readonly [name: string, attributes: unknown]>
}

/** Returns the tracer, and the spans in the order of their start. */
export const recorder = () => {
  const spans: Array<RecordedSpan> = []
  const tracer = Tracer.make({
    context: (run) => run(),
    span: (name, parent, context, links, startTime, kind, options) => {
      const attributes = new Map<string, unknown>(Object.entries(options?.attributes ?? {}))
      const events: Array<readonly [string, unknown]> = []
      const allLinks = [...links]
      let status: Tracer.SpanStatus = { _tag: "Started", startTime }
      const span: RecordedSpan = {
        _tag: "Span",
        name,
        spanId: `span${spans.length}`,
        traceId: "trace",
        parent,
        context,
        links: allLinks,
        sampled: true,
        kind,
        attributes,
        events,
        get status() {
          return status
        },
        end: (endTime, exit) => {
          status = { _tag: "Ended", startTime, endTime, exit }
        },
        attribute: (key, value) => {
          attributes.set(key, value)
        },
        event: (name, _, attributes) => {
          events.push([name, attributes])
        },
        addLinks: (more) => {
          allLinks.push(...more)
        }
      }
      spans.push(span)
      return span
    }
  })
  return { spans, tracer }
}

/** The name of a span, and of its parent. */
export const nameAndParent = ({ name, parent }: RecordedSpan) => [name, nameOf(parent)] as const

const nameOf = (parent: Option.Option<Tracer.AnySpan>) =>
  parent._tag === "Some" && parent.value._tag === "Span" ? parent.value.name : undefined
