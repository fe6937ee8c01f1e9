import { JsonInput } from '@mantine/core'
import { useState } from 'react'
import { isObject, isSame, type JsonObject } from '@/lib/json'

interface Props {
  recipe: JsonObject
  onChange: (recipe: JsonObject) => void
  /** The text is no JSON object: what is on screen is not the recipe. */
  onUnreadable: () => void
}

/** The recipe as text; it is taken over whenever the text is a JSON object, and follows what is changed elsewhere. */
export function RecipeJson({ recipe, onChange, onUnreadable }: Props) {
  const [text, setText] = useState(() => format(recipe))
  const [seen, setSeen] = useState(recipe)
  if (seen !== recipe) {
    setSeen(recipe)
    if (!isSame(parse(text) ?? undefined, recipe)) setText(format(recipe))
  }
  const change = (next: string) => {
    setText(next)
    const value = parse(next)
    if (value) onChange(value)
    else onUnreadable()
  }
  return (
    <JsonInput
      label="Recipe"
      description="The same value that the API takes."
      value={text}
      onChange={change}
      error={parse(text) ? null : 'This is not a JSON object yet; the last readable recipe is kept.'}
      autosize
      minRows={12}
      maxRows={32}
      styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
      data-testid="recipe-json"
    />
  )
}

function format(recipe: JsonObject): string {
  return JSON.stringify(recipe, null, 2)
}

function parse(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
