import { Button, Group, Loader, Text } from '@mantine/core'
import { Link, useNavigate, useParams } from 'react-router'
import { ConfirmButton } from '@/components/ConfirmButton'
import { ErrorNotice } from '@/components/ErrorNotice'
import { FailureNotice } from '@/components/FailureNotice'
import { Page } from '@/components/Page'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import { StateBadge } from '@/components/StateBadge'
import type { Dataset } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { useDataset } from '@/lib/queries/useDataset'
import { useDeleteDataset } from '@/lib/queries/useDeleteDataset'
import { usePrepareDataset } from '@/lib/queries/usePrepareDataset'
import { ReadyDataset } from './ReadyDataset'

export function DatasetPage() {
  const { id = '' } = useParams()
  return <Query query={useDataset(id)}>{(dataset) => <DatasetView dataset={dataset} />}</Query>
}

function DatasetView({ dataset }: { dataset: Dataset }) {
  const { id, title, source, state } = dataset
  const navigate = useNavigate()
  const remove = useDeleteDataset(id, () => void navigate(paths.datasets))
  const prepare = usePrepareDataset(id)
  const actions = (
    <>
      {source === 'upload' && (
        <ConfirmButton
          label="Delete"
          question="Delete this dataset? Runs made with it keep their results."
          confirm="Delete the dataset"
          onConfirm={() => remove.mutate()}
          loading={remove.isPending}
        />
      )}
      {state === 'failed' && (
        <Button onClick={() => prepare.mutate()} loading={prepare.isPending}>
          Try again
        </Button>
      )}
      {state === 'ready' && (
        <Button component={Link} to={paths.newRun({ dataset: id })}>
          Use in a new run
        </Button>
      )}
    </>
  )
  const summary = source === 'builtin' ? 'Built in' : dataset.file_name
  return (
    <Page title={title} mark={<StateBadge state={state} />} summary={summary} actions={actions}>
      {remove.isError && <ErrorNotice error={remove.error} />}
      {prepare.isError && <ErrorNotice error={prepare.error} />}
      <DatasetBody dataset={dataset} />
    </Page>
  )
}

function DatasetBody({ dataset }: { dataset: Dataset }) {
  if (dataset.error) return <FailureNotice failure={dataset.error} />
  if (dataset.summary) return <ReadyDataset id={dataset.id} summary={dataset.summary} />
  return (
    <Panel title="Preparing the data">
      <Group gap="sm" role="status">
        <Loader size="sm" />
        <Text size="sm" c="dimmed">
          The data is being read and checked. This page goes on by itself.
        </Text>
      </Group>
    </Panel>
  )
}
