using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Helm;
using Orrery.Helm.Charts;

namespace Orrery.Bench;

/// <summary>How long rendering a large chart takes: 60 templates in the manner of public charts, 2,000 values.</summary>
internal sealed class HelmBench(TimeProvider time)
{
    private const int Templates = 60;
    private const int Groups = 50;
    private const int ValuesAGroup = 40;
    private const double GoalMilliseconds = 20;

    private const string Helpers = """
        {{- define "big.name" -}}{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}{{- end -}}
        {{- define "big.fullname" -}}{{ printf "%s-%s" .Release.Name (include "big.name" .) | trunc 63 | trimSuffix "-" }}{{- end -}}
        {{- define "big.labels" -}}
        app.kubernetes.io/name: {{ include "big.name" . }}
        app.kubernetes.io/instance: {{ .Release.Name }}
        app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
        app.kubernetes.io/managed-by: {{ .Release.Service }}
        {{- end -}}
        {{- define "big.render" -}}
        {{- $value := typeIs "string" .value | ternary .value (.value | toYaml) }}
        {{- if contains "{{" (toJson .value) }}{{ tpl $value .context }}{{ else }}{{ $value }}{{ end }}
        {{- end -}}
        """;

    private const string Template = """
        {{- $group := index .Values "groupNN" }}
        {{- if $group.enabled }}
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {{ include "big.fullname" . }}-NN
          namespace: {{ .Release.Namespace | quote }}
          labels: {{- include "big.labels" . | nindent 4 }}
          {{- with $group.annotations }}
          annotations: {{- toYaml . | nindent 4 }}
          {{- end }}
        spec:
          replicas: {{ $group.replicas | int }}
          selector:
            matchLabels: {{- include "big.labels" . | nindent 6 }}
          template:
            metadata:
              labels: {{- include "big.labels" . | nindent 8 }}
            spec:
              containers:
                - name: main
                  image: {{ printf "%s:%s" $group.image.repository (default .Chart.AppVersion $group.image.tag) | quote }}
                  args: {{- include "big.render" (dict "value" $group.args "context" $) | nindent 12 }}
                  env:
                    {{- range $key, $value := $group.env }}
                    - name: {{ $key | upper | replace "-" "_" }}
                      value: {{ $value | quote }}
                    {{- end }}
                  {{- if semverCompare ">=1.25-0" .Capabilities.KubeVersion.Version }}
                  resources: {{- toYaml $group.resources | nindent 12 }}
                  {{- end }}
        {{- end }}
        """;

    public HelmBenchResult Run(int renders, CancellationToken ct)
    {
        byte[] archive = Pack();
        long start = time.GetTimestamp();
        Chart chart = Load(archive);
        var options = new ValueOptions(Set: ["nameOverride=bench", "group01.replicas=3"]);
        var capabilities = new Capabilities(Capabilities.DefaultKubeVersion, Capabilities.DefaultApiVersions);
        RenderedChart Render() => ChartRenderer.Render(chart, new ReleaseInfo("bench", "default"), capabilities, options, RenderLimits.Default, time, ct);
        RenderedChart first = Render();
        double cold = time.GetElapsedTime(start).TotalMilliseconds;
        for (int i = 0; i < Math.Max(20, renders / 5); i++)
        {
            Render();
        }

        var walls = new double[renders];
        using var process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        long allocated = GC.GetTotalAllocatedBytes();
        for (int i = 0; i < renders; i++)
        {
            start = time.GetTimestamp();
            Render();
            walls[i] = time.GetElapsedTime(start).TotalMilliseconds;
        }

        process.Refresh();
        return new HelmBenchResult(first.Manifests.Count, Groups * ValuesAGroup, cold, walls, (process.TotalProcessorTime - before).TotalMilliseconds / renders, (GC.GetTotalAllocatedBytes() - allocated) / renders, GoalMilliseconds);
    }

    private static Chart Load(byte[] archive)
    {
        using var stream = new MemoryStream(archive);
        return Chart.Load(stream);
    }

    private static byte[] Pack()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            void Add(string path, string content)
            {
                using var data = new MemoryStream(Encoding.UTF8.GetBytes(content));
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"big/{path}") { DataStream = data });
            }

            Add("Chart.yaml", "apiVersion: v2\nname: big\nversion: 1.0.0\nappVersion: 2.3.4\n");
            Add("values.yaml", Values());
            Add("templates/_helpers.tpl", Helpers);
            for (int i = 0; i < Templates; i++)
            {
                Add($"templates/deployment-{Number(i)}.yaml", Template.Replace("NN", Number(i % Groups), StringComparison.Ordinal));
            }
        }

        return packed.ToArray();
    }

    private static string Number(int i) => i.ToString("00", CultureInfo.InvariantCulture);

    /// <summary>40 scalars a group.</summary>
    private static string Values()
    {
        var b = new StringBuilder();
        for (int i = 0; i < Groups; i++)
        {
            b.Append(CultureInfo.InvariantCulture, $"""
                group{Number(i)}:
                  enabled: true
                  replicas: 2
                  image: {"{"}repository: registry.example.org/team/app-{i}, tag: ""{"}"}
                  annotations:
                    example.org/one: "first annotation of group {i}"
                    example.org/two: second
                  args: ["--name={"{{"} .Release.Name {"}}"}", --verbose]
                  resources:
                    requests: {"{"}cpu: 100m, memory: 128Mi{"}"}
                    limits: {"{"}cpu: 1, memory: 1Gi{"}"}
                  env:

                """);
            for (int k = 0; k < ValuesAGroup - 12; k++)
            {
                b.Append(CultureInfo.InvariantCulture, $"    key-{k}: value {k} of group {i}\n");
            }
        }

        return b.ToString();
    }
}

/// <summary>Times in milliseconds.</summary>
/// <param name="Cold">Unpacking, parsing and the first render together.</param>
/// <param name="Walls">Each render after that.</param>
/// <param name="Processor">CPU time of one render, on average.</param>
/// <param name="Allocated">Bytes that one render allocates.</param>
internal sealed record HelmBenchResult(int Templates, int Values, double Cold, double[] Walls, double Processor, long Allocated, double Goal)
{
    public void Write(TextWriter output, bool json)
    {
        double p50 = PropagateResult.Percentile(Walls, 0.5);
        double p99 = PropagateResult.Percentile(Walls, 0.99);
        if (json)
        {
            output.WriteLine(new JsonObject
            {
                ["templates"] = Templates, ["values"] = Values, ["renders"] = Walls.Length, ["machine"] = Machine.Describe(),
                ["coldMs"] = Math.Round(Cold, 2), ["p50Ms"] = Math.Round(p50, 2), ["p99Ms"] = Math.Round(p99, 2), ["cpuMs"] = Math.Round(Processor, 2), ["allocatedBytes"] = Allocated, ["goalMs"] = Goal,
            }.ToJsonString());
            return;
        }

        output.WriteLine($"{Templates} templates, {Values} values, {Walls.Length} renders, {Machine.Describe()}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"first, loading included",-28}{Cold,10:0.0} ms"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"warm, CPU",-28}{Processor,10:0.0} ms   goal {Goal:0}"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"warm, p50",-28}{p50,10:0.0} ms"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"warm, p99",-28}{p99,10:0.0} ms"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"allocated a render",-28}{Allocated / 1024.0,10:0} KiB"));
    }
}
