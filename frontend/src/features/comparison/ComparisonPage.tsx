import { Alert, Button, List, Stack } from '@mantine/core'
import { IconChartLine, IconScale } from '@tabler/icons-react'
import { Link, useSearchParams } from 'react-router'
import { EmptyState } from '@/components/EmptyState'
import { Page } from '@/components/Page'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import { Sentence } from '@/components/Sentence'
import { Figure } from '@/components/figure/Figure'
import type { Comparison } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { useComparison } from '@/lib/queries/useComparison'
import { FirstLayersPanel } from './FirstLayersPanel'
import { GateGradientsPanel } from './GateGradientsPanel'
import { SeriesTable } from './SeriesTable'
import { useView } from './useView'
import { ViewControls } from './ViewControls'

const HEIGHT = 440
const KAPPA = "Whether two methods remove the same channels, layer by layer (Cohen's kappa): 1 the same, 0 as by chance."

/** Runs side by side; which ones, and how they are looked at, stands in the address. */
export function ComparisonPage() {
  const [search] = useSearchParams()
  const runs = search.getAll('run')
  const [view, change] = useView()
  const comparison = useComparison(runs, view.x, view.split)
  if (runs.length === 0) return <NoRuns />
  return (
    <Page title="Comparison" summary="Runs that differ in the seed alone are one line: their mean, with the range as a bar.">
      <Panel title="Accuracy against size" actions={<ViewControls view={view} onChange={change} />}>
        <Query query={comparison} height={HEIGHT}>
          {(found) => <Figure figure={found.figure} name="comparison" label="Accuracy against size, by method" height={HEIGHT} />}
        </Query>
      </Panel>
      {comparison.data && (
        <Stack gap="md">
          <Caveats sentences={comparison.data.caveats} />
          <AgreementPanel figure={comparison.data.agreement} notice={comparison.data.agreement_notice} />
          <GateGradientsPanel figure={comparison.data.gate_gradients} />
          <Panel title="Methods" help="Each at the last point it has reached.">
            <SeriesTable series={comparison.data.series} />
          </Panel>
          <FirstLayersPanel series={comparison.data.series} />
        </Stack>
      )}
    </Page>
  )
}

/** Nothing where no pair of runs prunes the channels of one network. */
function AgreementPanel({ figure, notice }: { figure: Comparison['agreement']; notice: string | null }) {
  if (figure.data.length === 0) return null
  return (
    <Panel title="Agreement" testId="agreement" help={<Sentence text={notice ? `${KAPPA} ${notice}` : KAPPA} />}>
      <Figure figure={figure} name="agreement" label="Agreement of methods by layer" height={heightOf(figure)} />
    </Panel>
  )
}

function heightOf({ layout }: Comparison['agreement']): number {
  return typeof layout.height === 'number' ? layout.height : HEIGHT
}

/** What a reader must know before trusting the picture. */
function Caveats({ sentences }: { sentences: string[] }) {
  if (sentences.length === 0) return null
  return (
    <Alert color="yellow" icon={<IconScale size={18} />} title="Before you trust this" data-testid="caveats">
      <List size="sm" spacing={4}>
        {sentences.map((sentence) => (
          <List.Item key={sentence}>
            <Sentence text={sentence} />
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

function NoRuns() {
  const action = (
    <Button component={Link} to={paths.runs}>
      Choose runs
    </Button>
  )
  return (
    <Page title="Comparison">
      <EmptyState icon={<IconChartLine size={22} />} title="No runs chosen" action={action}>
        Tick two or more runs in the list, then compare them.
      </EmptyState>
    </Page>
  )
}
