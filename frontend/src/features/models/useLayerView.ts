import { useEffect, useRef } from 'react'
import { useSearchParams } from 'react-router'
import type { LayerVerdict } from '@/lib/api/types'
import { pinsOn, togglePin } from '@/lib/pins'

export const SHOWN = ['all', 'prunable', 'coupled', 'locked', 'pinned'] as const
export type Shown = (typeof SHOWN)[number]

/** What is picked of a model's layers: words, a status, a channel group, pins. All of it stands in the address. */
export function useLayerView() {
  const [search, setSearch] = useSearchParams()
  const latest = useRef(search) // a second change may come before the first one is drawn
  useEffect(() => {
    latest.current = search
  }, [search])
  const set = (key: string, values: string[]) => {
    const others = [...latest.current].filter(([name]) => name !== key)
    latest.current = new URLSearchParams([...others, ...values.map((value) => [key, value])])
    setSearch(latest.current, { replace: true, preventScrollReset: true })
  }
  const pins = search.getAll('pin')
  return {
    words: search.get('q') ?? '',
    shown: SHOWN.find((name) => name === search.get('show')) ?? 'all',
    group: search.get('group'),
    pins,
    setWords: (words: string) => set('q', words ? [words] : []),
    setShown: (shown: string) => set('show', shown === 'all' ? [] : [shown]),
    setGroup: (group: string | null) => set('group', group ? [group] : []),
    toggle: (verdict: LayerVerdict) => set('pin', togglePin(verdict, pins)),
    clearPins: () => set('pin', []),
  }
}

export type LayerView = ReturnType<typeof useLayerView>

/** Whether a layer is wanted in the table; words are looked for in names, partners and reasons. */
export function isWanted(verdict: LayerVerdict, { words, shown, group, pins }: LayerView): boolean {
  if (group && !verdict.groups.includes(group)) return false
  if (shown === 'pinned' && pinsOn(verdict, pins).length === 0) return false
  if (shown !== 'all' && shown !== 'pinned' && verdict.status !== shown) return false
  const lock = verdict.lock
  const text = [verdict.layer, ...verdict.coupled_with, lock?.reason, lock?.operation, lock?.node, lock?.place]
  const haystack = text.join(' ').toLowerCase()
  return words.toLowerCase().split(/\s+/).every((word) => haystack.includes(word))
}
