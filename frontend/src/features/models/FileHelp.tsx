import { Accordion, Code, SimpleGrid, Stack, Text } from '@mantine/core'
import { CodeBlock } from '@/components/CodeBlock'

const EXPORT = 'secateur export mymodule:make_model --example 1x3x224x224 -o net.pt2'
const PT2 = `import torch
program = torch.export.export(model.eval(), (torch.randn(2, 3, 224, 224),), dynamic_shapes=({0: torch.export.Dim("batch")},))
torch.export.save(program, "net.pt2")`
const ONNX = `import torch
example = (torch.randn(2, 3, 224, 224),)
torch.onnx.export(model.eval(), example, "net.onnx", dynamic_shapes=({0: torch.export.Dim("batch")},), external_data=False)`
const STATE_DICT = `from safetensors.torch import save_file
save_file(model.state_dict(), "net.safetensors")`
const PUSH = 'SECATEUR_TOKEN=sec_... secateur push net.pt2 --url '

/** How to make a file that can be uploaded, folded away until it is wanted. */
export function FileHelp() {
  return (
    <Accordion chevronPosition="left" variant="default">
      <Accordion.Item value="files" style={{ border: 0 }}>
        <Accordion.Control data-testid="file-help">Which file, and how to make it</Accordion.Control>
        <Accordion.Panel>
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            <Way title="Exported program, .pt2: any architecture" code={PT2} label="the export to .pt2">
              Three lines beside your model. Or, with Secateur installed there: <Code>{EXPORT}</Code>
            </Way>
            <Way title="ONNX: any framework" code={ONNX} label="the export to ONNX">
              One file, opset 13 to 22. The operators of image, fully connected and transformer networks are read.
            </Way>
            <Way title="State dict: networks that are known by name" code={STATE_DICT} label="the saving of a state dict">
              The architecture is recognized from names and shapes. Files of torch.save (.pt, .pth) are read too.
            </Way>
            <Way title="From a program or another machine" code={PUSH + window.location.origin} label="the push">
              With an API token from the settings page. It goes on after an interruption and prints what can be pruned.
            </Way>
          </SimpleGrid>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  )
}

interface WayProps {
  title: string
  code: string
  label: string
  children: React.ReactNode
}

function Way({ title, code, label, children }: WayProps) {
  return (
    <Stack gap={6} miw={0}>
      <Text fw={500} size="sm">
        {title}
      </Text>
      <Text size="sm" c="dimmed">
        {children}
      </Text>
      <CodeBlock code={code} label={label} />
    </Stack>
  )
}
