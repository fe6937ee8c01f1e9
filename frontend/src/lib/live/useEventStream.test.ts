import { renderHook } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { useEventStream } from './useEventStream'

class FakeSource extends EventTarget {
  static open: FakeSource[] = []
  onopen: (() => void) | null = null
  constructor(readonly url: string) {
    super()
    FakeSource.open.push(this)
  }
  close() {
    FakeSource.open = FakeSource.open.filter((source) => source !== this)
  }
}

let visibility: DocumentVisibilityState = 'visible'

function setVisibility(next: DocumentVisibilityState) {
  visibility = next
  document.dispatchEvent(new Event('visibilitychange'))
}

beforeEach(() => {
  FakeSource.open = []
  visibility = 'visible'
  vi.stubGlobal('EventSource', FakeSource)
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility)
})
afterEach(() => void vi.restoreAllMocks())

test('events are handed on by type', () => {
  const onEvent = vi.fn()
  renderHook(() => useEventStream('/api/runs/1/events', ['step', 'point'], { onEvent, onOpen: vi.fn() }))
  FakeSource.open[0]?.dispatchEvent(new MessageEvent('point', { data: '{"index":1}' }))
  expect(onEvent).toHaveBeenCalledExactlyOnceWith('point', '{"index":1}')
})

test('a hidden tab holds no connection, and asks for what it missed when it is seen again', () => {
  const onOpen = vi.fn()
  renderHook(() => useEventStream('/api/runs/1/events', ['step'], { onEvent: vi.fn(), onOpen }))
  setVisibility('hidden')
  expect(FakeSource.open).toHaveLength(0)
  setVisibility('visible')
  expect(FakeSource.open).toHaveLength(1)
  FakeSource.open[0]?.onopen?.()
  expect(onOpen).toHaveBeenCalledOnce()
})

test('without an address, and after the page is left, nothing is listened to', () => {
  const { rerender, unmount } = renderHook(
    ({ url }: { url: string | null }) => useEventStream(url, ['step'], { onEvent: vi.fn(), onOpen: vi.fn() }),
    { initialProps: { url: null as string | null } },
  )
  expect(FakeSource.open).toHaveLength(0)
  rerender({ url: '/api/runs/1/events' })
  expect(FakeSource.open).toHaveLength(1)
  unmount()
  expect(FakeSource.open).toHaveLength(0)
})
