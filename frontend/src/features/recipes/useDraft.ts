import { useState } from 'react'
import { useSearchParams } from 'react-router'
import type { Preset } from '@/lib/api/types'
import { replaceAt, type JsonObject, type JsonValue } from '@/lib/json'

/** The run in the making: what is picked stands in the address, the recipe in memory. */
export function useDraft(presets: Preset[], startRecipe: JsonObject | null, startName: string) {
  const [search, setSearch] = useSearchParams()
  const [preset, setPreset] = useState<string | null>(startRecipe ? null : (presets[0]?.name ?? null))
  const [recipe, setRecipe] = useState<JsonObject>(startRecipe ?? recipeOf(presets[0]))
  const [isEdited, setEdited] = useState(false)
  const [name, setName] = useState(startName)
  const pick = (key: 'model' | 'dataset') => (id: string | null) => {
    setSearch(
      (before) => {
        const next = new URLSearchParams(before)
        if (id) next.set(key, id)
        else next.delete(key)
        return next
      },
      { replace: true },
    )
  }
  const edit = (next: JsonObject) => {
    setRecipe(next)
    setEdited(true)
  }
  return {
    model: search.get('model'),
    dataset: search.get('dataset'),
    pickModel: pick('model'),
    pickDataset: pick('dataset'),
    name,
    setName,
    preset,
    recipe,
    isEdited,
    /** A preset brings its own recipe; only the target, chosen beside it, is kept. */
    choosePreset: (chosen: Preset) => {
      const target = recipe.target
      setPreset(chosen.name)
      setRecipe(target === undefined ? recipeOf(chosen) : { ...recipeOf(chosen), target })
      setEdited(false)
    },
    change: (path: readonly string[], value: JsonValue) => edit(replaceAt(recipe, path, value)),
    replace: edit,
  }
}

export type Draft = ReturnType<typeof useDraft>

function recipeOf(preset: Preset | undefined): JsonObject {
  return preset?.recipe ?? {}
}
