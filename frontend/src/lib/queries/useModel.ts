import { skipToken, useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { modelKey } from './keys'

const POLL_MS = 5000

/** One model; asked for again while it is being read, in case the event stream is cut. Without an id there is none. */
export function useModel(id: string | null | undefined) {
  return useQuery({
    queryKey: modelKey(id ?? ''),
    queryFn: id
      ? () => unwrap(api.GET('/api/models/{model_id}', { params: { path: { model_id: id } } }))
      : skipToken,
    refetchInterval: (query) => (query.state.data?.state === 'inspecting' ? POLL_MS : false),
  })
}
