import createClient from 'openapi-fetch'
import { asApiError, toApiError } from './error'
import type { paths } from './schema'

/** The API by its generated types. */
export const api = createClient<paths>({ baseUrl: window.location.origin, credentials: 'same-origin' })

interface Answer<Data> {
  data?: Data
  error?: unknown
  response: Response
}

/** The body of a successful answer; anything else throws an `ApiError`. */
export async function unwrap<Data>(answer: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await answer.catch((reason: unknown) => {
    throw asApiError(reason)
  })
  if (!response.ok) throw toApiError(response.status, error)
  return data as Data
}
