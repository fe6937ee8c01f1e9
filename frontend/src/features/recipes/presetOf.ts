import type { Preset } from '@/lib/api/types'
import { inOrder, type JsonObject } from '@/lib/json'
import { withAlignment, withPins } from './alignment'

/** What is chosen beside a method: another value of these leaves a preset what it is. */
const BESIDE = { target: null, seed: null, data: null, compute: null, latency: null }

/** The name of the preset whose method a recipe is, unchanged; null when it is none. */
export function presetOf(presets: Preset[], recipe: JsonObject): string | null {
  const wanted = methodOf(recipe)
  return presets.find((preset) => methodOf(preset.recipe) === wanted)?.name ?? null
}

function methodOf(recipe: JsonObject): string {
  return JSON.stringify(inOrder({ ...withPins(withAlignment(recipe, 1), []), ...BESIDE }))
}
