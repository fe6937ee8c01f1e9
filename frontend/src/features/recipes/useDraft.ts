import { useState } from 'react'
import { useSearchParams } from 'react-router'
import type { Preset } from '@/lib/api/types'
import { replaceAt, type JsonObject, type JsonValue } from '@/lib/json'
import { alignForTarget, alignmentOf, forAnotherNetwork, pinsOf, withAlignment, withPins } from './alignment'
import { presetOf } from './presetOf'

/** What a new run takes from an earlier one, if it has one. */
export interface Start {
  name: string
  recipe: JsonObject | null
  model_id: string | null
  dataset_id: string | null
}

/** The run in the making: what is picked stands in the address, the recipe in memory. */
export function useDraft(presets: Preset[], start: Start) {
  const [search, setSearch] = useSearchParams()
  const first = presets.find(({ name }) => name === search.get('preset')) ?? presets[0]
  const [preset, setPreset] = useState<string | null>(() => (start.recipe ? presetOf(presets, start.recipe) : (first?.name ?? null)))
  const [recipe, setRecipe] = useState<JsonObject>(
    () => start.recipe ?? withPins(alignForTarget(recipeOf(first)), search.getAll('pin')),
  )
  const [isEdited, setEdited] = useState(false)
  const [name, setName] = useState(start.name)
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
    /** A preset brings its own recipe; only what is chosen beside it is kept: target, alignment and pins. */
    choosePreset: (chosen: Preset) => {
      setPreset(chosen.name)
      setRecipe(keepChoices(recipeOf(chosen), recipe))
      setEdited(false)
    },
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

function keepChoices(preset: JsonObject, current: JsonObject): JsonObject {
  const target = current.target === undefined ? preset : { ...preset, target: current.target }
  return withPins(withAlignment(target, alignmentOf(current)), pinsOf(current))
}
