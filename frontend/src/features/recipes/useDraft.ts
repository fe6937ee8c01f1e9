import { useState } from 'react'
import { useSearchParams } from 'react-router'
import type { Preset } from '@/lib/api/types'
import { replaceAt, type JsonObject, type JsonValue } from '@/lib/json'
import { alignForTarget, alignmentOf, forAnotherNetwork, pinsOf, withAlignment, withPins } from './alignment'

/** The run in the making: what is picked stands in the address, the recipe in memory. */
export function useDraft(presets: Preset[], startRecipe: JsonObject | null, startName: string) {
  const [search, setSearch] = useSearchParams()
  const first = presets.find(({ name }) => name === search.get('preset')) ?? presets[0]
  const [preset, setPreset] = useState<string | null>(startRecipe ? null : (first?.name ?? null))
  const [recipe, setRecipe] = useState<JsonObject>(
    () => startRecipe ?? withPins(alignForTarget(recipeOf(first)), search.getAll('pin')),
  )
  const [isEdited, setEdited] = useState(false)
  const [name, setName] = useState(startName)
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
    model: search.get('model'),
    dataset: search.get('dataset'),
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
