import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { modelsKey } from './keys'

export function useModels() {
  return useQuery({ queryKey: modelsKey, queryFn: () => unwrap(api.GET('/api/models')) })
}
