import { JsonInput } from '@mantine/core'
import { useState } from 'react'
import { isObject, type JsonObject } from '@/lib/json'

interface Props {
  recipe: JsonObject
  onChange: (recipe: JsonObject) => void
}

/** The recipe as text; it is taken over whenever the text is a JSON object. */
export function RecipeJson({ recipe, onChange }: Props) {
  const [text, setText] = useState(() => JSON.stringify(recipe, null, 2))
  const change = (next: string) => {
    setText(next)
    const value = parse(next)
    if (value) onChange(value)
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

function parse(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}
