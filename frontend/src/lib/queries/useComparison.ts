import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { SizeAxis, Split } from '@/lib/api/types'
import { comparisonKey } from './keys'

/** Runs side by side; the comparison before stays on screen until the next has come. */
export function useComparison(runs: string[], x: SizeAxis, split: Split) {
  return useQuery({
    queryKey: comparisonKey(runs, x, split),
    queryFn: () => unwrap(api.GET('/api/comparison', { params: { query: { run: runs, x, split } } })),
    placeholderData: keepPreviousData,
    enabled: runs.length > 0,
  })
}
