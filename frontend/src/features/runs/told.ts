import type { FigureData } from '@/components/figure/template'
import type { Run } from '@/lib/api/types'
import { isObject } from '@/lib/json'

const TAUGHT = {
  retraining: 'While retraining',
  sparsifying: 'While gates or penalties learn',
  both: 'While gates or penalties learn and while retraining',
}

/** How many rows a figure has whose vertical axis names them. */
export function countRows(figure: FigureData): number {
  const { yaxis } = figure.layout
  return isObject(yaxis) && Array.isArray(yaxis.ticktext) ? yaxis.ticktext.length : 0
}

/** The layers that a figure's lines belong to, each once, as the lines' `meta` names them. */
export function layersOf(figure: FigureData): string[] {
  const names = figure.data.map((trace) => (isObject(trace) ? trace.meta : undefined))
  return [...new Set(names.filter((name): name is string => typeof name === 'string'))]
}

/** What the training loss of a run is of: with a teacher it need not fall with the errors by the labels. */
export function tellLoss({ kind, recipe }: Pick<Run, 'kind' | 'recipe'>): string {
  if (kind === 'sample') return 'On the training batches.'
  const plain = 'On the training batches; retraining stands on tinted ground.'
  if (!recipe?.distill) return plain
  const { weight, during = 'retraining' } = recipe.distill
  const share = weight == null ? '' : ` ${Number((weight * 100).toPrecision(3))}%`
  return `${plain} ${TAUGHT[during]}, the distance from the dense network's answers, right or wrong, weighs${share} in the loss.`
}
