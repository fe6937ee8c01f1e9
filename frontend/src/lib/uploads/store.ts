import { asApiError, type ApiError } from '@/lib/api/error'
import { Speedometer } from './speed'
import { sendFile, type UploadKind } from './tus'

export interface UploadEntry {
  key: string
  kind: UploadKind
  fileName: string
  total: number
  sent: number
  bytesPerSecond: number | null
  error: ApiError | null
}

type Finish = (uploadId: string) => Promise<unknown>

/** Uploads in flight. They live outside the components, so that they go on while one looks at another page. */
class UploadStore {
  private entries: readonly UploadEntry[] = []
  private listeners = new Set<() => void>()
  private aborts = new Map<string, () => Promise<void>>()
  private count = 0

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  snapshot = (): readonly UploadEntry[] => this.entries

  /** Sends the file, then calls `finish` with the upload's id; a failure stays in the list until it is dismissed. */
  async add(file: File, kind: UploadKind, finish: Finish): Promise<void> {
    const key = String(this.count++)
    const speed = new Speedometer()
    const entry = { key, kind, fileName: file.name, total: file.size, sent: 0, bytesPerSecond: null, error: null }
    this.replace([...this.entries, entry])
    const { done, abort } = sendFile(file, kind, {
      onProgress: (sent) => {
        speed.add(performance.now(), sent)
        this.change(key, { sent, bytesPerSecond: speed.bytesPerSecond })
      },
    })
    this.aborts.set(key, abort)
    try {
      await finish(await done)
      this.remove(key)
    } catch (error) {
      this.change(key, { error: asApiError(error) })
    }
  }

  async cancel(key: string): Promise<void> {
    const abort = this.aborts.get(key)
    this.remove(key)
    await abort?.()
  }

  private remove(key: string): void {
    this.aborts.delete(key)
    this.replace(this.entries.filter((entry) => entry.key !== key))
  }

  private change(key: string, values: Partial<UploadEntry>): void {
    this.replace(this.entries.map((entry) => (entry.key === key ? { ...entry, ...values } : entry)))
  }

  private replace(entries: readonly UploadEntry[]): void {
    this.entries = entries
    this.listeners.forEach((listener) => listener())
  }
}

export const uploads = new UploadStore()
