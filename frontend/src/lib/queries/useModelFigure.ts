import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { modelFigureKey } from './keys'

/** The thick-and-thin picture of a model. */
export function useModelFigure(id: string) {
  return useQuery({
    queryKey: modelFigureKey(id),
    queryFn: () => unwrap(api.GET('/api/models/{model_id}/figures/architecture', { params: { path: { model_id: id } } })),
    staleTime: Infinity,
  })
}
