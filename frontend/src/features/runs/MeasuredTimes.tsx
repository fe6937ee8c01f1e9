import { Text } from '@mantine/core'
import { CodeBlock } from '@/components/CodeBlock'
import type { Run } from '@/lib/api/types'

/** The times that a run measured itself, as the section of a recipe that repeats it. */
export function MeasuredTimes({ run }: { run: Run }) {
  const latency = run.layout?.latency
  if (!latency || run.recipe?.latency?.layers?.length) return null
  return (
    <>
      <Text size="sm" c="dimmed" mt="md" mb="xs">
        Milliseconds of every layer, measured when the run began. Put into the recipe, they repeat this run with the same
        bits.
      </Text>
      <CodeBlock
        code={`"latency": ${JSON.stringify(latency, null, 2)}`}
        label="the section latency"
        testId="measured-times"
      />
    </>
  )
}
