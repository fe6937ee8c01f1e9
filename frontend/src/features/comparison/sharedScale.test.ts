import { expect, test } from 'vitest'
import type { FirstLayer } from '@/lib/api/types'
import { shareScale } from './sharedScale'

function layer(zmax: number, measure: string, type = 'heatmap'): FirstLayer {
  const figure = { data: [{ type, zmax, colorbar: { title: { text: measure } } }], layout: {} }
  return { figure } as unknown as FirstLayer
}

test('maps of one measure share a scale, others keep theirs', () => {
  const maps = [layer(58, 'Weights left'), undefined, layer(27, 'Weights left'), layer(3, 'L2 norm'), layer(7, 'Weights left', 'bar')]
  expect(shareScale(maps).map((map) => (map?.figure.data as { zmax: number }[] | undefined)?.[0]?.zmax)).toEqual([58, undefined, 58, 3, 7])
})
