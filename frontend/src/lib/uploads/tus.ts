import { defaultOptions, Upload, type PreviousUpload } from 'tus-js-client'
import { ApiError, toApiError } from '@/lib/api/error'

export type UploadKind = 'model' | 'dataset'

export const UPLOAD_ENDPOINT = '/api/uploads/'
const CHUNK_BYTES = 8 * 1024 * 1024
/** Together longer than the server waits for a connection that died without a word. */
const RETRY_DELAYS_MS = [0, 1000, 3000, 5000, 10_000, 15_000]

interface Listener {
  onProgress: (sent: number, total: number) => void
}

/** The same file for the same purpose has the same fingerprint, so that a reloaded page finds the half-done upload. */
function fingerprint(file: File, kind: UploadKind): string {
  return ['secateur', kind, file.name, file.type, file.size, file.lastModified].join('-')
}

/** Sends a file in chunks, going on where an earlier attempt stopped; resolves with the server's upload id. */
export function sendFile(file: File, kind: UploadKind, listener: Listener) {
  let upload: Upload | null = null
  const done = new Promise<string>((resolve, reject) => {
    upload = new Upload(file, {
      endpoint: UPLOAD_ENDPOINT,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_DELAYS_MS,
      removeFingerprintOnSuccess: true,
      // `filetype` must not be empty, or the server refuses to say how much it has.
      metadata: { filename: file.name, filetype: file.type || 'application/octet-stream', kind },
      fingerprint: () => Promise.resolve(fingerprint(file, kind)),
      onProgress: (sent, total) => listener.onProgress(sent, total),
      onError: (error) => reject(toError(error)),
      onSuccess: () => resolve(upload?.url?.split('/').filter(Boolean).pop() ?? ''),
    })
    void start(upload, reject)
  })
  return { done, abort: () => upload?.abort(true) ?? Promise.resolve() }
}

async function start(upload: Upload, reject: (error: Error) => void) {
  try {
    const [previous] = await upload.findPreviousUploads()
    if (previous) upload.resumeFromPreviousUpload(previous)
    upload.start()
  } catch (error) {
    reject(toError(error))
  }
}

/** Uploads that an earlier page left half done, newest first; choosing the same file again continues them. */
export async function findUnfinished(kind: UploadKind): Promise<PreviousUpload[]> {
  const all = await defaultOptions.urlStorage.findAllUploads()
  return all.filter((upload) => upload.metadata.kind === kind)
}

export async function forget(upload: PreviousUpload): Promise<void> {
  await defaultOptions.urlStorage.removeUpload(upload.urlStorageKey)
}

function toError(error: unknown): Error {
  const response: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'originalResponse') : null
  if (typeof response === 'object' && response !== null && 'getBody' in response && 'getStatus' in response) {
    const { body, status } = read(response as { getBody: () => string; getStatus: () => number })
    return toApiError(status, body)
  }
  return new ApiError(0, 'interrupted', 'The upload was interrupted. Choose the same file again to continue it.')
}

function read(response: { getBody: () => string; getStatus: () => number }): { body: unknown; status: number } {
  try {
    return { body: JSON.parse(response.getBody()) as unknown, status: response.getStatus() }
  } catch {
    return { body: null, status: response.getStatus() }
  }
}
