/** The first session with nothing but Node. */
import { sessionId } from "../wire.js"

export const first = async (origin: string): Promise<string> => {
  const response = await fetch(`${origin}/v1/sessions/${sessionId}`)
  return JSON.parse(await response.text()).id
}
