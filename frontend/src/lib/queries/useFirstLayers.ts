import { useQueries, useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import { firstLayersKey } from './keys'

export interface PointPlace {
  run: string
  index: number
}

const order = ({ run, index }: PointPlace) => ({
  queryKey: firstLayersKey(run, index),
  queryFn: () =>
    unwrap(api.GET('/api/runs/{run_id}/points/{index}/first-layers', { params: { path: { run_id: run, index } } })),
  staleTime: Infinity,
})

/** Pictures of the layers that read the input of an operating point; they never change. */
export function useFirstLayers(place: PointPlace) {
  return useQuery(order(place))
}

/** The same of several points, in their order; undefined for those that have not come. */
export function useFirstLayersOf(places: PointPlace[]) {
  return useQueries({ queries: places.map(order), combine: dataOf })
}

/** Outside of the hook, so that what it returns stays the same value while nothing has come. */
function dataOf<Data>(results: { data: Data | undefined }[]): (Data | undefined)[] {
  return results.map(({ data }) => data)
}
