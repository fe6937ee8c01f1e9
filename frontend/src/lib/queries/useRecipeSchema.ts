import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api/client'
import type { JsonObject } from '@/lib/json'
import { readSchema } from '@/lib/schemaForm/field'
import { recipeSchemaKey } from './keys'

/** The recipe's JSON schema as the form's fields. */
export function useRecipeSchema() {
  return useQuery({
    queryKey: recipeSchemaKey,
    queryFn: () => unwrap(api.GET('/api/recipes/schema')),
    select: (schema) => readSchema(schema as JsonObject),
    staleTime: Infinity,
  })
}
