import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { presetsKey } from './keys'

export function usePresets() {
  return useQuery({ queryKey: presetsKey, queryFn: () => unwrap(api.GET('/api/presets')), staleTime: Infinity })
}
