import type { components } from './schema'

type Schemas = components['schemas']

export type Session = Schemas['SessionAnswer']
export type Model = Schemas['ModelAnswer']
export type ModelEntry = Schemas['ModelEntry']
export type ImportReport = NonNullable<Model['report']>
export type LayerVerdict = ImportReport['layers'][number]
export type ApiToken = Schemas['ApiTokenAnswer']
export type NewApiToken = Schemas['NewApiTokenAnswer']
export type ArchitectureMatch = Schemas['ArchitectureMatch']
export type NetworkSummary = NonNullable<Model['summary']>
export type Dataset = Schemas['DatasetAnswer']
export type DatasetSummary = NonNullable<Dataset['summary']>
export type Failure = Schemas['FailureAnswer']
export type Preset = Schemas['Preset']
export type RecipeCheck = Schemas['RecipeCheckAnswer']
export type Run = Schemas['RunAnswer']
export type RunSummary = Schemas['RunSummary']
export type RunPage = Schemas['RunPage']
export type RunState = RunSummary['state']
export type PruneOrder = Schemas['PruneRunBody']
export type SampleOrder = Schemas['SampleOrder']
export type PointEntry = Schemas['PointAnswer']
export type FirstLayer = Schemas['FirstLayerAnswer']
export type SizeAxis = 'sparsity' | 'macs' | 'parameters' | 'compression'
export type Split = 'test' | 'validation'
export type Comparison = Schemas['ComparisonAnswer']
export type Series = Comparison['series'][number]
export type Spread = Schemas['SpreadAnswer']
