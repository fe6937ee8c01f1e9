import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { JsonObject } from '@/lib/json'

/** What the server thinks of a recipe for this model and data; nothing is stored. */
export function useRecipeCheck(recipe: JsonObject | null, model_id: string | null, dataset_id: string | null) {
  return useQuery({
    queryKey: ['recipe-check', recipe, model_id, dataset_id],
    queryFn: () => unwrap(api.POST('/api/recipes/check', { body: { recipe: recipe ?? {}, model_id, dataset_id } })),
    enabled: recipe !== null,
    placeholderData: keepPreviousData,
  })
}
