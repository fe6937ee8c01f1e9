import { useEffect, useRef } from 'react'

/**
 * Listens to server-sent events while the page is visible.
 *
 * A hidden tab closes its stream (browsers allow six connections to one host); `onOpen` runs at every (re)opening, so
 * that whatever was missed is fetched again. The browser itself reconnects and sends `Last-Event-ID`.
 */
export function useEventStream(
  url: string | null,
  types: readonly string[],
  handlers: { onEvent: (type: string, data: string) => void; onOpen: () => void },
) {
  const latest = useRef(handlers)
  useEffect(() => {
    latest.current = handlers
  })
  const names = types.join(' ')
  useEffect(() => {
    if (url === null) return
    let source: EventSource | null = null
    const open = () => {
      source = new EventSource(url)
      source.onopen = () => latest.current.onOpen()
      for (const type of names.split(' ')) {
        source.addEventListener(type, (event: MessageEvent<string>) => latest.current.onEvent(type, event.data))
      }
    }
    const close = () => {
      source?.close()
      source = null
    }
    const follow = () => {
      close()
      if (document.visibilityState === 'visible') open()
    }
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      document.removeEventListener('visibilitychange', follow)
      close()
    }
  }, [url, names])
}
