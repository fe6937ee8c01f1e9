/** Every key of the cache; a shorter key stands for all that begin with it. */

export const sessionKey = ['session'] as const
export const apiTokensKey = ['api-tokens'] as const
export const modelsKey = ['models'] as const
export const datasetsKey = ['datasets'] as const
export const runsKey = ['runs'] as const
export const presetsKey = ['presets'] as const
export const recipeSchemaKey = ['recipe-schema'] as const

export const modelKey = (id: string) => [...modelsKey, id] as const
export const modelFigureKey = (id: string) => [...modelsKey, id, 'architecture'] as const
export const datasetKey = (id: string) => [...datasetsKey, id] as const
export const runListKey = ['run-list'] as const
export const runKey = (id: string) => [...runsKey, id] as const
export const pointsKey = (id: string) => [...runsKey, id, 'points'] as const
export const pointKey = (id: string, index: number) => [...pointsKey(id), index] as const
export const firstLayersKey = (id: string, index: number) => [...pointKey(id, index), 'first-layers'] as const
export const runFiguresKey = (id: string) => [...runsKey, id, 'figures'] as const
export const runFigureKey = (id: string, name: string, options: object = {}) =>
  [...runFiguresKey(id), name, options] as const
export const comparisonKey = (runs: string[], ...view: string[]) => ['comparison', runs, ...view] as const
