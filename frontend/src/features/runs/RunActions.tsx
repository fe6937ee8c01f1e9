import { Button, Text } from '@mantine/core'
import { Link, useNavigate } from 'react-router'
import { ConfirmButton } from '@/components/ConfirmButton'
import { ErrorNotice } from '@/components/ErrorNotice'
import type { Run } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { useCancelRun } from '@/lib/queries/useCancelRun'
import { useDeleteRun } from '@/lib/queries/useDeleteRun'
import { isOver } from '@/lib/queries/useRun'

/** Cancel while it works; delete or start again once it is over. */
export function RunActions({ run }: { run: Run }) {
  return isOver(run.state) ? <OverActions run={run} /> : <CancelAction run={run} />
}

function CancelAction({ run }: { run: Run }) {
  const cancel = useCancelRun(run.id)
  if (run.cancel_requested) {
    return (
      <Text size="sm" c="dimmed" role="status">
        Stopping after this step …
      </Text>
    )
  }
  return (
    <>
      {cancel.isError && <ErrorNotice error={cancel.error} />}
      <ConfirmButton
        label="Cancel run"
        question="Stop this run? The operating points it has reached stay."
        confirm="Stop the run"
        onConfirm={() => cancel.mutate()}
        loading={cancel.isPending}
      />
    </>
  )
}

function OverActions({ run }: { run: Run }) {
  const navigate = useNavigate()
  const remove = useDeleteRun(run.id, () => void navigate(paths.runs))
  const again = {
    from: run.id,
    ...(run.model_id ? { model: run.model_id } : {}),
    ...(run.dataset_id ? { dataset: run.dataset_id } : {}),
  }
  return (
    <>
      {remove.isError && <ErrorNotice error={remove.error} />}
      <ConfirmButton
        label="Delete"
        question="Delete this run with its history and files?"
        confirm="Delete the run"
        onConfirm={() => remove.mutate()}
        loading={remove.isPending}
      />
      {run.kind === 'prune' && (
        <Button component={Link} to={paths.newRun(again)} variant="light">
          Run again with changes
        </Button>
      )}
    </>
  )
}
