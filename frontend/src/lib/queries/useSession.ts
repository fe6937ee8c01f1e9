import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { sessionKey } from './keys'

/** Who is logged in; an `ApiError` with status 401 when nobody is. */
export function useSession() {
  return useQuery({ queryKey: sessionKey, queryFn: () => unwrap(api.GET('/api/session')), staleTime: Infinity })
}
