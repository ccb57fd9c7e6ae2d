// Drives oneclaw with the official MCP client. Reads one JSON object from standard input:
//   {"stdio": {"command", "args", "env"}} or {"http": {"url", "headers"}}, and "steps"
// and writes {"server", "protocol", "instructions", "results"}, a result for each step.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

async function read(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return JSON.parse(text);
}

const order = await read(process.stdin);
const transport = order.stdio
  ? new StdioClientTransport({ ...order.stdio, stderr: 'inherit' })
  : new StreamableHTTPClientTransport(new URL(order.http.url), {
      requestInit: { headers: order.http.headers },
    });
const client = new Client({ name: 'oneclaw-test', version: '1' });

const operations = {
  list: () => client.listTools(),
  ping: () => client.ping(),
  call: (step) => client.callTool({ name: step.name, arguments: step.arguments }),
};

try {
  await client.connect(transport);
  const results = [];
  for (const step of order.steps) {
    try {
      results.push(await operations[step.do](step));
    } catch (error) {
      results.push({ thrown: { code: error.code, message: String(error.message) } });
    }
  }
  console.log(JSON.stringify({
    server: client.getServerVersion(),
    protocol: transport.protocolVersion ?? null,
    instructions: client.getInstructions(),
    results,
  }));
  await client.close();
} catch (error) {
  console.log(JSON.stringify({ failed: { code: error.code, message: String(error.message) } }));
}
