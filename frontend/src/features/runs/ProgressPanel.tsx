import { Group, Progress, Stack, Text } from '@mantine/core'
import { Facts, type Fact } from '@/components/Facts'
import { Panel } from '@/components/Panel'
import type { Run } from '@/lib/api/types'
import { formatCount, formatDuration, formatLoss, formatPercent } from '@/lib/format'

const PHASES: Record<NonNullable<Run['phase']>, string> = {
  train: 'training',
  sparsify: 'sparsifying',
  prune: 'pruning',
  retrain: 'retraining',
}

const UNITS = { channel: 'Channels', unstructured: 'Weights' }

/** How far a run is, and its latest numbers. */
export function ProgressPanel({ run }: { run: Run }) {
  const isRunning = run.state === 'running'
  return (
    <Panel title="Progress" testId="progress">
      <Stack gap="md">
        <div>
          <Progress.Root size="lg" radius="xl">
            <Progress.Section
              value={run.progress * 100}
              animated={isRunning}
              aria-label="Progress of the run"
              data-testid="progress-bar"
            />
          </Progress.Root>
          <Group justify="space-between" mt={6}>
            <Text size="sm" className="numbers">
              {formatPercent(run.progress, 0)}
            </Text>
            <Text size="sm" c="dimmed" className="numbers" data-testid="time-left">
              {describe(run)}
            </Text>
          </Group>
        </div>
        <Facts facts={listFacts(run)} columns={6} />
      </Stack>
    </Panel>
  )
}

function describe(run: Run): string {
  if (run.state === 'queued') return 'Waiting for a free worker'
  if (run.state !== 'running') return run.state === 'completed' ? 'Done' : 'Stopped'
  return run.seconds_left == null ? 'Estimating the time left' : `About ${formatDuration(run.seconds_left)} left`
}

function listFacts(run: Run): Fact[] {
  const common = [
    { name: 'Step', value: formatCount(run.step), testId: 'step' },
    { name: 'Phase', value: run.phase ? PHASES[run.phase] : '–', testId: 'phase' },
    { name: 'Training loss', value: formatLoss(run.loss), testId: 'loss' },
    { name: 'Training accuracy', value: formatPercent(run.accuracy, 2), testId: 'accuracy' },
  ]
  if (run.kind === 'sample') return common
  return [
    ...common,
    { name: `${UNITS[run.layout?.granularity ?? 'channel']} removed`, value: formatPercent(run.sparsity), testId: 'sparsity' },
    { name: 'MACs kept', value: formatPercent(run.macs_density), testId: 'macs-kept' },
  ]
}
