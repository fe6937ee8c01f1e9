import { Button, Group, Pagination, Select } from '@mantine/core'
import { useListState } from '@mantine/hooks'
import { IconTimeline } from '@tabler/icons-react'
import { Link, useSearchParams } from 'react-router'
import { EmptyState } from '@/components/EmptyState'
import { Page } from '@/components/Page'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import type { RunState } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { useRuns } from '@/lib/queries/useRuns'
import { RunTable } from './RunTable'

const PAGE_SIZE = 25
const STATES: RunState[] = ['queued', 'running', 'completed', 'failed', 'cancelled']

/** All runs, newest first; page and filter stand in the address. */
export function RunsPage() {
  const [search, setSearch] = useSearchParams()
  const state = STATES.find((known) => known === search.get('state')) ?? null
  const page = Math.max(1, Number(search.get('page')) || 1)
  const runs = useRuns({ limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE, state })
  const [picked, pick] = useListState<string>()
  const toggle = (id: string) =>
    picked.includes(id) ? pick.filter((known) => known !== id) : pick.append(id)
  const pages = Math.ceil((runs.data?.total ?? 0) / PAGE_SIZE)
  const filter = (
    <Select
      aria-label="State"
      placeholder="All states"
      data={STATES}
      value={state}
      onChange={(next) => setSearch(next ? { state: next } : {})}
      clearable
      w={150}
      size="xs"
    />
  )
  return (
    <Page title="Runs" summary="Pruning runs and sample trainings, newest first.">
      <Panel
        title="All runs"
        help="Tick runs to compare them."
        actions={
          <Group gap="xs">
            <CompareButton picked={picked} />
            {filter}
          </Group>
        }
      >
        <Query query={runs} isEmpty={(found) => found.items.length === 0} empty={<Empty isFiltered={state !== null} />}>
          {(found) => <RunTable runs={found.items} picked={picked} onPick={toggle} />}
        </Query>
        {pages > 1 && (
          <Group justify="center" mt="md">
            <Pagination
              total={pages}
              value={page}
              onChange={(next) => setSearch({ ...(state ? { state } : {}), page: String(next) })}
              getControlProps={(control) => ({ 'aria-label': `${control} page` })}
            />
          </Group>
        )}
      </Panel>
    </Page>
  )
}

/** Appears with the first tick; a comparison needs two. */
function CompareButton({ picked }: { picked: string[] }) {
  if (picked.length === 0) return null
  if (picked.length === 1) return <Button size="xs" disabled>Compare: tick another</Button>
  return (
    <Button size="xs" component={Link} to={paths.comparison(picked)}>
      Compare {picked.length} runs
    </Button>
  )
}

function Empty({ isFiltered }: { isFiltered: boolean }) {
  const action = (
    <Button component={Link} to={paths.newRun()}>
      New run
    </Button>
  )
  return (
    <EmptyState icon={<IconTimeline size={22} />} title={isFiltered ? 'No run in this state' : 'No runs yet'} action={action}>
      A run takes a trained network, data and a recipe, and leaves thinner networks behind.
    </EmptyState>
  )
}
