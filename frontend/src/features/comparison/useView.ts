import { useSearchParams } from 'react-router'
import type { SizeAxis, Split } from '@/lib/api/types'

export const AXES: { value: SizeAxis; label: string }[] = [
  { value: 'macs', label: 'MACs' },
  { value: 'parameters', label: 'Parameters' },
  { value: 'sparsity', label: 'Sparsity' },
  { value: 'compression', label: 'Compression' },
]
export const SPLITS: { value: Split; label: string }[] = [
  { value: 'test', label: 'Test' },
  { value: 'validation', label: 'Validation' },
]

export interface View {
  x: SizeAxis
  split: Split
}

/** How a comparison is looked at; kept in the address. */
export function useView(): [View, (key: keyof View, value: string) => void] {
  const [search, setSearch] = useSearchParams()
  const x = AXES.find(({ value }) => value === search.get('x'))?.value ?? 'macs'
  const split = SPLITS.find(({ value }) => value === search.get('split'))?.value ?? 'test'
  const change = (key: keyof View, value: string) =>
    setSearch((before) => new URLSearchParams([...[...before].filter(([known]) => known !== key), [key, value]]), {
      replace: true,
      preventScrollReset: true,
    })
  return [{ x, split }, change]
}
