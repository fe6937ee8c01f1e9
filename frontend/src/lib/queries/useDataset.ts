import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { datasetKey } from './keys'

const POLL_MS = 5000

/** One dataset; asked for again while it is being prepared, in case the event stream is cut. */
export function useDataset(id: string) {
  return useQuery({
    queryKey: datasetKey(id),
    queryFn: () => unwrap(api.GET('/api/datasets/{dataset_id}', { params: { path: { dataset_id: id } } })),
    refetchInterval: (query) => (query.state.data?.state === 'preparing' ? POLL_MS : false),
  })
}
