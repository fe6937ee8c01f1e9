import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { modelKey } from './keys'

const POLL_MS = 5000

/** One model; asked for again while it is being read, in case the event stream is cut. */
export function useModel(id: string) {
  return useQuery({
    queryKey: modelKey(id),
    queryFn: () => unwrap(api.GET('/api/models/{model_id}', { params: { path: { model_id: id } } })),
    refetchInterval: (query) => (query.state.data?.state === 'inspecting' ? POLL_MS : false),
  })
}
