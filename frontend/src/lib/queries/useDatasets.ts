import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { datasetsKey } from './keys'

export function useDatasets() {
  return useQuery({ queryKey: datasetsKey, queryFn: () => unwrap(api.GET('/api/datasets')) })
}
