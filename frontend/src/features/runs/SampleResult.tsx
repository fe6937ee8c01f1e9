import { Button, Group, Text } from '@mantine/core'
import { Link } from 'react-router'
import { Panel } from '@/components/Panel'
import type { Run } from '@/lib/api/types'
import { formatPercent } from '@/lib/format'
import { paths } from '@/lib/paths'

/** What a sample training made. */
export function SampleResult({ run }: { run: Run }) {
  if (!run.result_model_id) return null
  return (
    <Panel title="Result">
      <Group justify="space-between">
        <Text size="sm" data-testid="sample-accuracy">
          The network is trained: {formatPercent(run.result?.test_accuracy, 2)} test accuracy.
        </Text>
        <Group gap="xs">
          <Button component={Link} to={paths.model(run.result_model_id)} variant="light">
            Open the model
          </Button>
          <Button
            component={Link}
            to={paths.newRun({ model: run.result_model_id, ...(run.dataset_id ? { dataset: run.dataset_id } : {}) })}
          >
            Prune it
          </Button>
        </Group>
      </Group>
    </Panel>
  )
}
