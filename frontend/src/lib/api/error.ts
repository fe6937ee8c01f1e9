/** What the server says when it refuses: a stable code, a sentence, and where known the field and a hint. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly field: string | null = null,
    readonly hint: string | null = null,
  ) {
    super(detail)
    this.name = 'ApiError'
  }
}

function text(body: unknown, key: string): string | null {
  if (typeof body !== 'object' || body === null || !(key in body)) return null
  const value: unknown = Reflect.get(body, key)
  return typeof value === 'string' && value !== '' ? value : null
}

export function toApiError(status: number, body: unknown): ApiError {
  const detail = text(body, 'detail') ?? `The server answered with status ${status}.`
  return new ApiError(status, text(body, 'error') ?? 'unexpected', detail, text(body, 'field'), text(body, 'hint'))
}

/** Any thrown value as an error that can be shown. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const detail = 'The server cannot be reached. Check that `secateur up` is running.'
  return new ApiError(0, 'unreachable', detail)
}
