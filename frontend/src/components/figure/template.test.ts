import { expect, test } from 'vitest'
import { dress, legendRoom, pickTraces } from './template'

const DATA = [{ type: 'bar', name: 'dense' }, { type: 'scatter', mode: 'text' }]

test('a figure keeps its own titles and gets the colors of the page', () => {
  const layout = { xaxis: { title: { text: 'Step' } } }
  expect(dress(layout, 'dark', false)).toMatchObject({ ...layout, template: { layout: { paper_bgcolor: 'rgba(0,0,0,0)' } } })
  expect(dress(layout, 'dark', false)).not.toEqual(dress(layout, 'light', false))
})

test('zoom survives new data', () => {
  expect(dress({}, 'light', false)).toMatchObject({ uirevision: 'kept' })
})

test('a narrow screen makes room for the legend and leaves out the numbers over the marks', () => {
  expect(pickTraces(DATA, true)).toEqual([DATA[0]])
  expect(legendRoom(DATA, true)).toBeGreaterThan(0)
  expect(pickTraces(DATA, false)).toEqual(DATA)
  expect(legendRoom(DATA, false)).toBe(0)
})
