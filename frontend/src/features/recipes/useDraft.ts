import { useState } from 'react'
import { useSearchParams } from 'react-router'
import type { Preset } from '@/lib/api/types'
import { replaceAt, type JsonObject, type JsonValue } from '@/lib/json'
import { alignForTarget, forAnotherNetwork, withPins } from './alignment'
import { carried } from './carried'
import { presetOf } from './presetOf'
import { useSavedDraft, useSaving } from './useSavedDraft'

/** What a new run takes from an earlier one, if it has one. */
export interface Start {
  name: string
  recipe: JsonObject | null
  model_id: string | null
  dataset_id: string | null
}

/** The run in the making: what is picked stands in the address, the rest is kept with the entry of the history. */
export function useDraft(presets: Preset[], start: Start) {
  const [search, setSearch] = useSearchParams()
  const saved = useSavedDraft()
  const first = presets.find(({ name }) => name === search.get('preset')) ?? presets[0]
  const [preset, setPreset] = useState<string | null>(
    () => saved?.preset ?? (start.recipe ? presetOf(presets, start.recipe) : (first?.name ?? null)),
  )
  const [recipe, setRecipe] = useState<JsonObject>(
    () => saved?.recipe ?? start.recipe ?? withPins(alignForTarget(recipeOf(first)), search.getAll('pin')),
  )
  const [isEdited, setEdited] = useState(saved?.isEdited ?? false)
  const [kept, setKept] = useState<string[]>([])
  const [isReadable, setReadable] = useState(true)
  const [name, setName] = useState(saved?.name ?? start.name)
  useSaving({ preset, recipe, isEdited, name })
  const pick = (key: 'model' | 'dataset') => (id: string | null) => {
    if (key === 'model') setRecipe(forAnotherNetwork(recipe))
    setSearch(
      (before) => {
        const next = new URLSearchParams(before)
        if (key === 'model') next.delete('pin')
        if (id) next.set(key, id)
        else next.delete(key)
        return next
      },
      { replace: true },
    )
  }
  const edit = (next: JsonObject) => {
    setRecipe(next)
    setReadable(true)
    setEdited(true)
  }
  return {
    model: search.get('model') ?? start.model_id,
    dataset: search.get('dataset') ?? start.dataset_id,
    pickModel: pick('model'),
    pickDataset: pick('dataset'),
    name,
    setName,
    preset,
    recipe,
    isEdited,
    /** Settings that came along with the last change of the preset. */
    kept,
    /** A preset brings its own recipe; what is chosen beside the method is kept. */
    choosePreset: (chosen: Preset) => {
      const next = carried(recipeOf(chosen), presets.find((other) => other.name === preset)?.recipe, recipe)
      setPreset(chosen.name)
      setRecipe(next.recipe)
      setReadable(true)
      setKept(next.kept)
      setEdited(next.kept.length > 0)
    },
    /** Whether the editor's text can be read: what is on screen is what would be run. */
    isReadable,
    setReadable,
    /** Another measure of the target comes with its own alignment. */
    change: (path: readonly string[], value: JsonValue) => {
      const next = replaceAt(recipe, path, value)
      edit(path.length === 1 && path[0] === 'target' ? alignForTarget(next) : next)
    },
    replace: edit,
  }
}

export type Draft = ReturnType<typeof useDraft>

function recipeOf(preset: Preset | undefined): JsonObject {
  return preset?.recipe ?? {}
}
