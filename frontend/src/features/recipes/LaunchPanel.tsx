import { Button, Group, List, Text } from '@mantine/core'
import { IconPlayerPlay } from '@tabler/icons-react'
import type { UseQueryResult } from '@tanstack/react-query'
import { useNavigate } from 'react-router'
import { ErrorNotice } from '@/components/ErrorNotice'
import { Hash } from '@/components/Hash'
import { Panel } from '@/components/Panel'
import { Sentence } from '@/components/Sentence'
import type { PruneOrder, RecipeCheck } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { useStartRun } from '@/lib/queries/useStartRun'
import type { Draft } from './useDraft'

interface Props {
  draft: Draft
  check: UseQueryResult<RecipeCheck>
  /** The check is about the recipe on screen, not about an earlier one. */
  isSettled: boolean
}

/** What the server says of the recipe, and the button that starts the run. */
export function LaunchPanel({ draft, check, isSettled }: Props) {
  const navigate = useNavigate()
  const { start, isBusy, error } = useStartRun((run) => void navigate(paths.run(run.id)))
  const problems = check.data?.problems ?? []
  const isReady = isSettled && draft.isReadable && draft.model && draft.dataset && check.isSuccess && problems.length === 0
  const send = () => {
    if (!draft.model || !draft.dataset) return
    const recipe = draft.recipe as unknown as PruneOrder['recipe'] // checked by the server, not by the compiler
    const name = draft.name.trim() || null
    start({ kind: 'prune', model_id: draft.model, dataset_id: draft.dataset, recipe, name })
  }
  return (
    <Panel title="Start">
      {check.isError && <ErrorNotice error={check.error} onRetry={() => void check.refetch()} />}
      {error && <ErrorNotice error={error} />}
      <Problems problems={problems} />
      <Notices sentences={check.data?.notices ?? []} />
      <Group justify="space-between">
        <Text size="sm" c="dimmed" component="div">
          {hint(draft, check.data)}
        </Text>
        <Button
          onClick={send}
          disabled={!isReady}
          loading={isBusy}
          leftSection={<IconPlayerPlay size={16} />}
          data-testid="start-run"
        >
          Start run
        </Button>
      </Group>
    </Panel>
  )
}

function hint(draft: Draft, check: RecipeCheck | undefined) {
  if (!draft.model) return 'Pick a model first.'
  if (!draft.dataset) return 'Pick a dataset first.'
  if (!draft.isReadable) return 'The text of the recipe cannot be read: mend it, or go back to the form.'
  if (!check?.fingerprint) return 'The recipe is not complete yet.'
  return (
    <>
      Recipe <Hash value={check.fingerprint} label="fingerprint" />
    </>
  )
}

function Problems({ problems }: { problems: RecipeCheck['problems'] }) {
  if (problems.length === 0) return null
  return (
    <List size="sm" spacing={4} data-testid="problems" role="alert" mb="md">
      {problems.map(({ field, detail }, index) => (
        <List.Item key={index} c="red">
          {field && <span className="mono">{field}: </span>}
          <Sentence text={detail} />
        </List.Item>
      ))}
    </List>
  )
}

/** What would do nothing, and keeps nobody from starting. */
export function Notices({ sentences }: { sentences: RecipeCheck['notices'] }) {
  if (sentences.length === 0) return null
  return (
    <List size="sm" spacing={4} data-testid="recipe-notices" mb="md">
      {sentences.map((sentence) => (
        <List.Item key={sentence} c="dimmed">
          <Sentence text={sentence} />
        </List.Item>
      ))}
    </List>
  )
}
