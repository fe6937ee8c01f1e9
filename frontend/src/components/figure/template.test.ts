import { expect, test } from 'vitest'
import { dress, legendRoom, pickTraces } from './template'

const DATA = [{ type: 'bar', name: 'dense' }, { type: 'scatter', mode: 'text' }]

test('a figure keeps its own titles and gets the colors of the page', () => {
  const layout = { xaxis: { title: { text: 'Step' } } }
  expect(dress(layout, 'dark', false)).toMatchObject({ ...layout, template: { layout: { paper_bgcolor: 'rgba(0,0,0,0)' } } })
  expect(dress(layout, 'dark', false)).not.toEqual(dress(layout, 'light', false))
})

test('labels stay where there is no room for them, so that a title can be placed beside them', () => {
  const { template } = dress({}, 'light', false) as { template: { layout: Record<'xaxis' | 'yaxis', object> } }
  expect(template.layout.xaxis).toMatchObject({ ticklabeloverflow: 'allow' })
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

test('lines that stand in no legend need no room for one', () => {
  expect(legendRoom([...DATA, { type: 'scatter', showlegend: false }], true)).toBe(legendRoom(DATA, true))
})

test('a narrow screen breaks a long name of the legend between its words, and makes room for each line', () => {
  const name = 'molchanov2017-variational on 131,080 parameters, Fashion-MNIST'
  const data = [{ type: 'scatter', name }]
  const broken = 'molchanov2017-variational on 131,080<br>parameters, Fashion-MNIST'
  expect(pickTraces(data, true)).toEqual([{ type: 'scatter', name: broken }])
  expect(legendRoom(data, true)).toBe(2 * legendRoom([{ type: 'scatter', name: 'uniform' }], true))
  expect(pickTraces(data, false)).toEqual(data)
})

test('a name of one long word stays whole', () => {
  const data = [{ type: 'scatter', name: `${'layer.'.repeat(9)}weight last` }]
  expect(pickTraces(data, true)).toEqual([{ type: 'scatter', name: `${'layer.'.repeat(9)}weight<br>last` }])
})

test('a narrow screen leaves some names of a long row out, and none of a short one', () => {
  const names = Array.from({ length: 30 }, (_, index) => (index % 2 ? '' : `layer${index}`))
  const shown = (ticktext: string[], isNarrow: boolean) => {
    const { xaxis } = dress({ xaxis: { ticktext } }, 'light', isNarrow) as { xaxis: { ticktext: string[] } }
    return xaxis.ticktext.filter((text) => text !== '')
  }
  expect(shown(names, true)).toEqual(['layer0', 'layer6', 'layer12', 'layer18', 'layer24'])
  expect(shown(names, false)).toHaveLength(15)
  expect(shown(['a', 'b', 'c'], true)).toEqual(['a', 'b', 'c'])
})

test('long names of rows keep the ends of their lines where the screen is narrow', () => {
  const layout = { yaxis: { ticktext: ['l0_hard_concrete (estimator reinforce)<br>uniform', 1] } }
  expect(dress(layout, 'light', true)).toMatchObject({ yaxis: { ticktext: ['…imator reinforce)<br>uniform', 1] } })
  expect(dress(layout, 'light', false)).toMatchObject(layout)
})

test('a long name on the axis keeps its end', () => {
  const layout = { xaxis: { ticktext: ['encoder.layers.encoder_layer_11.mlp.3'] } }
  expect(dress(layout, 'light', false)).toMatchObject({ xaxis: { ticktext: ['…er_layer_11.mlp.3'] } })
})
