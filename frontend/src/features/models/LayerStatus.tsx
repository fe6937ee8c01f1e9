import { Badge, Group, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { LayerName } from '@/components/LayerName'
import { Sentence } from '@/components/Sentence'
import type { LayerVerdict } from '@/lib/api/types'
import { formatPart } from '@/lib/format'
import classes from './LayerTable.module.css'
import { STATUSES } from './statuses'
import type { LayerView } from './useLayerView'

const UNITS: Record<string, string> = {
  head: 'whole heads',
  head_dim: 'the same place of all heads',
  group: 'whole groups',
  hidden: 'hidden units',
}

/** The verdict on a layer, and what goes with it or what holds it. */
export function LayerStatus({ verdict, view }: { verdict: LayerVerdict; view: LayerView }) {
  const status = STATUSES.find(({ name }) => name === verdict.status)
  const unit = verdict.unit && UNITS[verdict.unit]
  return (
    <div className={classes.detail}>
      <Group gap={6} wrap="wrap">
        <Tooltip label={status?.help}>
          <Badge variant="dot" color={status?.color ?? 'gray'} tt="none">
            {verdict.status}
          </Badge>
        </Tooltip>
        {unit && (
          <Badge variant="default" tt="none">
            by {unit}
          </Badge>
        )}
        {verdict.inexact.length > 0 && (
          <Tooltip label={inexactHelp(verdict)} multiline maw={320}>
            <Badge variant="light" color="blue" tt="none">
              inexact mask
            </Badge>
          </Tooltip>
        )}
      </Group>
      {verdict.coupled_with.length > 0 && <Partners verdict={verdict} view={view} />}
      {verdict.lock && <LockReason lock={verdict.lock} />}
    </div>
  )
}

function inexactHelp({ inexact, difference }: LayerVerdict): string {
  const where = `Masking is not removal at ${inexact.join(', ')}`
  if (difference == null) return `${where}.`
  if (difference === 0) return `${where}. In a run nothing is masked there: channels are removed at once.`
  return `${where}: with half of the channels gone, the scores differ by ${formatPart(difference)} of the largest.`
}

/** Names one partner; a click shows all of them. */
function Partners({ verdict, view }: { verdict: LayerVerdict; view: LayerView }) {
  const [first] = verdict.coupled_with
  const [group] = verdict.groups
  const more = verdict.coupled_with.length - 1
  return (
    <UnstyledButton
      fz="xs"
      c="dimmed"
      mt={2}
      onClick={() => view.setGroup(view.group === group ? null : (group ?? null))}
      aria-label={`Show what goes together with ${verdict.layer}`}
    >
      with {first && <LayerName name={first} />}
      {more > 0 && ` and ${more} more`}
    </UnstyledButton>
  )
}

function LockReason({ lock }: { lock: NonNullable<LayerVerdict['lock']> }) {
  return (
    <Text size="xs" c="dimmed" mt={2} data-testid="lock-reason">
      <Sentence text={lock.reason} />
      {lock.place && (
        <>
          {' · '}
          <span className="mono">{lock.place}</span>
        </>
      )}
    </Text>
  )
}
