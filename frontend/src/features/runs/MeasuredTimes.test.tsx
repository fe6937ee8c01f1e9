import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import type { Run } from '@/lib/api/types'
import { MeasuredTimes } from './MeasuredTimes'

const LATENCY = { layers: ['conv1=0.1', 'fc=0.2'], batch_size: 4 }

function show(recipe: object, layout: object | null) {
  render(
    <MantineProvider env="test">
      <MeasuredTimes run={{ id: 'r1', recipe, layout } as Run} />
    </MantineProvider>,
  )
  return screen.queryByTestId('measured-times')
}

test('what a run measured is shown as the section of a recipe', () => {
  const block = show({ latency: { layers: [], batch_size: 4 } }, { latency: LATENCY })
  expect(JSON.parse(`{${block?.textContent ?? ''}}`)).toEqual({ latency: LATENCY })
})

test.each([
  ['the recipe tells the times', { latency: LATENCY }, { latency: LATENCY }],
  ['nothing counts time', {}, { latency: null }],
  ['the run has not begun', {}, null],
])('nothing is shown where %s', (_, recipe, layout) => {
  expect(show(recipe, layout)).toBeNull()
})
