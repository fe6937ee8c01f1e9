import { useSearchParams } from 'react-router'

/** The operating point that stands in the address (`?point=`). */
export function useSelectedPoint(): [number | null, (index: number | null) => void] {
  const [search, setSearch] = useSearchParams()
  const text = search.get('point')
  const select = (index: number | null) => {
    setSearch(
      (before) => {
        const next = new URLSearchParams(before)
        if (index === null) next.delete('point')
        else next.set('point', String(index))
        return next
      },
      { replace: true, preventScrollReset: true },
    )
  }
  return [text !== null && /^\d+$/.test(text) ? Number(text) : null, select]
}
