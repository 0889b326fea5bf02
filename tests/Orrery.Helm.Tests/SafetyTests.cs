using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Orrery.Helm.Charts;
using Orrery.Helm.Templates;
using static Orrery.Helm.Tests.PackedChart;

namespace Orrery.Helm.Tests;

/// <summary>Charts that mean harm: each is refused, and in time.</summary>
public sealed class SafetyTests
{
    private const string ChartYaml = "apiVersion: v2\nname: c\nversion: 1.0.0\n";

    private static ChartException Refused(params IEnumerable<TarEntry> entries) => Assert.Throws<ChartException>(() => Load(Pack(entries)));

    private static RenderedChart Render(string template, RenderLimits? limits = null, string values = "", CancellationToken ct = default)
    {
        Chart chart = Load(Pack(File("c/Chart.yaml", ChartYaml), File("c/values.yaml", values), File("c/templates/t.yaml", template)));
        return ChartRenderer.Render(chart, new ReleaseInfo("r", "n"), new Capabilities(Capabilities.DefaultKubeVersion, Capabilities.DefaultApiVersions), new ValueOptions(), limits ?? RenderLimits.Default, TimeProvider.System, ct);
    }

    [Theory]
    [InlineData("c/../../etc/passwd", "chart illegally references parent directory")]
    [InlineData("c//etc/passwd", "chart illegally contains absolute paths")]
    [InlineData("c/a/../../../x", "chart illegally references parent directory")]
    [InlineData("c\\..\\..\\x", "chart illegally references parent directory")]
    [InlineData("c/c:/windows", "chart contains illegally named files")]
    [InlineData("Chart.yaml", "chart illegally contains content outside the base directory: \"Chart.yaml\"")]
    public void Load_PathLeadsOut_IsRefused(string path, string expected) => Assert.Equal(expected, Refused(File("c/Chart.yaml", ChartYaml), File(path)).Message);

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    [InlineData(TarEntryType.CharacterDevice)]
    [InlineData(TarEntryType.Fifo)]
    public void Load_EntryIsNoFile_IsRefused(TarEntryType type)
    {
        var entry = new PaxTarEntry(type, "c/templates/link.yaml");
        if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
        {
            entry.LinkName = "/etc/passwd";
        }

        Assert.Contains("which is no file", Refused(File("c/Chart.yaml", ChartYaml), entry).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FileLargerThanTheBound_IsRefused() =>
        Assert.Contains("larger than the maximum file size 5242880", Refused(File("c/Chart.yaml", ChartYaml), File("c/big", new string('a', (5 << 20) + 1))).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_FilesTogetherLargerThanTheBound_IsRefused() =>
        Assert.Contains("larger than the maximum size 104857600", Refused(Enumerable.Range(0, 21).Select(i => File($"c/f{i}", new string('a', 5 << 20)))).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_TooManyFiles_IsRefused() =>
        Assert.Contains("more than 10000 files", Refused(Enumerable.Range(0, 10_001).Select(i => File($"c/f{i}", ""))).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_ArchivesNestTooDeep_IsRefused()
    {
        byte[] inner = Pack(File("c/Chart.yaml", ChartYaml));
        for (int i = 0; i < 20; i++)
        {
            inner = Pack(File("c/Chart.yaml", ChartYaml), File("c/charts/c.tgz", Encoding.Latin1.GetString(inner)));
        }

        Assert.Contains("nest deeper than 16 levels", Assert.Throws<ChartException>(() => Load(inner)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ArchivesWithinCountTogether_IsRefused()
    {
        byte[] inner = Pack(Enumerable.Range(0, 12).Select(i => File($"c/f{i}", new string('a', 5 << 20))).Prepend(File("c/Chart.yaml", ChartYaml)));
        string packed = Encoding.Latin1.GetString(inner);

        Assert.Contains("larger than the maximum size", Refused(File("c/Chart.yaml", ChartYaml), File("c/charts/a.tgz", packed), File("c/charts/b.tgz", packed)).Message, StringComparison.Ordinal);
    }

    /// <summary>Also what holds no file: folders, headers, what is passed over.</summary>
    [Fact]
    public void Read_UnpacksToMoreThanTheBound_IsRefused()
    {
        var bounds = new ChartBounds();
        bounds.Unpacked((int)(2 * ChartBounds.MaxBytes) - 1000);
        using var packed = new MemoryStream(Pack(new PaxTarEntry(TarEntryType.Directory, "c/"), new PaxTarEntry(TarEntryType.Directory, "c/d/")));

        Assert.Contains("when it is unpacked", Assert.Throws<ChartException>(() => ChartArchive.Read(packed, bounds)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_Garbage_IsRefused()
    {
        Assert.StartsWith("chart archive is broken", Assert.Throws<ChartException>(() => Load(Encoding.ASCII.GetBytes("no archive at all"))).Message, StringComparison.Ordinal);
        byte[] whole = Pack(File("c/Chart.yaml", ChartYaml), File("c/values.yaml", new string('a', 5000)));
        Assert.Throws<ChartException>(() => Load(whole[..(whole.Length / 2)]));
    }

    [Fact]
    public void Load_FolderHoldsALinkOut_IsRefused()
    {
        string folder = Directory.CreateTempSubdirectory("orrery-helm-").FullName;
        System.IO.File.WriteAllText(Path.Combine(folder, "Chart.yaml"), ChartYaml);
        System.IO.File.CreateSymbolicLink(Path.Combine(folder, "passwd"), "/etc/passwd");

        ChartException refused = Assert.Throws<ChartException>(() => Chart.Load(folder));

        Assert.Equal("chart holds a link that leads out of it: passwd", refused.Message);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}")]
    [InlineData("{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}")]
    [InlineData("{{ $t := \"{{ tpl . . }}\" }}{{ tpl $t $t }}")]
    public void Render_EndlessRecursion_EndsInAnError(string template)
    {
        Exception error = Assert.ThrowsAny<Exception>(() => Render(template));

        Assert.True(error is ChartException or RenderLimitException, error.ToString());
    }

    [Theory]
    [InlineData("{{ range $i, $_ := until 100000 }}{{ repeat 1000 \"x\" }}{{ end }}", "output is larger than")]
    [InlineData("{{ repeat 1000000000 \"x\" }}", "is too large")]
    [InlineData("{{ $s := \"xxxxxxxxxxxxxxxx\" }}{{ range until 60 }}{{ $s = printf \"%s%s\" $s $s }}{{ end }}", "is too large")]
    [InlineData("{{ $s := \"xxxxxxxxxxxxxxxx\" }}{{ range until 60 }}{{ $s = print $s $s }}{{ end }}", "is too large")]
    [InlineData("{{ $s := list 1 2 3 4 }}{{ range until 60 }}{{ $s = concat $s $s }}{{ end }}", "is too large")]
    [InlineData("{{ $s := \"xxxxxxxxxxxxxxxx\" }}{{ range until 60 }}{{ $s = join \"\" (list $s $s) }}{{ end }}", "is too large")]
    [InlineData("{{ untilStep 0 2000000000 1 }}", "is too large")]
    [InlineData("{{ indent 900000000 \"x\" }}", "is too large")]
    [InlineData("{{ until 9223372036854775807 }}", "is too large")]
    [InlineData("{{ untilStep -9223372036854775807 9223372036854775807 1 }}", "is too large")]
    [InlineData("{{ seq 9223372036854775806 }}", "is too large")]
    [InlineData("{{ splitList \"\" (repeat 3000000 \"a\") }}", "is too large")]
    [InlineData("{{ split \"a\" (repeat 3000000 \"a\") }}", "is too large")]
    [InlineData("{{ regexReplaceAll \"a\" (repeat 100000 \"a\") (repeat 1000 \"b\") }}", "is too large")]
    [InlineData("{{ regexReplaceAll \"(a+)\" (repeat 100000 \"a\") (repeat 1000 \"$1\") }}", "is too large")]
    [InlineData("{{ regexFindAll \"a\" (repeat 600000 \"a\") -1 }}", "is too large")]
    [InlineData("{{ wrapWith 1 (repeat 100000 \"b\") (repeat 100000 \"a \") }}", "is too large")]
    [InlineData("{{ printf (repeat 1000 \"%999999[1]v\") 1 }}", "is too large")]
    [InlineData("{{ nindent 60000000 \"x\\nx\\nx\" }}", "is too large")]
    [InlineData("{{ regexMatch (repeat 300 \"a{1000}\") \"a\" }}", "a regular expression has more than 200000 parts")]
    public void Render_GrowsWithoutMeasure_IsStopped(string template, string expected) =>
        Assert.Contains(expected, Assert.Throws<RenderLimitException>(() => Render(template)).Message, StringComparison.Ordinal);

    [Fact]
    public void Render_RepetitionsMultiply_IsRefused() =>
        Assert.EndsWith("error parsing regexp: invalid repeat count: `{100}`", Assert.Throws<ChartException>(() => Render("{{ mustRegexMatch \"((a{100}){100}){100}\" \"a\" }}")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("derivePassword 1 \"long\" \"p\" \"u\" \"s\"")]
    [InlineData("bcrypt \"p\"")]
    [InlineData("htpasswd \"u\" \"p\"")]
    [InlineData("genPrivateKey \"rsa\"")]
    [InlineData("genCA \"c\" 1")]
    [InlineData("sha256sum (repeat 20000000 \"x\")")]
    public void Render_EveryCallIsSlow_IsStoppedAfterFewOfThem(string call)
    {
        var limits = new RenderLimits(TimeSpan.FromMilliseconds(1), 64 << 20);

        RenderLimitException stopped = Assert.Throws<RenderLimitException>(() => Render($"{{{{ range until 200 }}}}{{{{ $x := {call} }}}}{{{{ end }}}}", limits));

        Assert.Equal("rendering takes longer than 0.001 s", stopped.Message);
    }

    [Fact]
    public void Render_TakesTooLong_IsStopped()
    {
        var limits = new RenderLimits(TimeSpan.FromMilliseconds(100), 64 << 20);

        RenderLimitException stopped = Assert.Throws<RenderLimitException>(() => Render("{{ range until 10000 }}{{ range until 10000 }}{{ add 1 1 | quote | len }}{{ end }}{{ end }}", limits));

        Assert.Equal("rendering takes longer than 0.1 s", stopped.Message);
    }

    [Fact]
    public void Render_Cancelled_Ends()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();

        Assert.Throws<OperationCanceledException>(() => Render("{{ range until 100000 }}{{ . }}{{ end }}", ct: source.Token));
    }

    [Fact]
    public void Render_AliasesBlowUp_IsRefused()
    {
        var yaml = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 12; i++)
        {
            yaml.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n");
        }

        ChartException refused = Assert.Throws<ChartException>(() => Render("{{ .Values.a1 }}", values: yaml.ToString()));

        Assert.Equal("cannot load values.yaml: error converting YAML to JSON: yaml: document contains excessive aliasing", refused.Message);
    }

    [Theory]
    [InlineData("{{ getHostByName \"localhost\" }}|", "|")]
    [InlineData("{{ .Files.Get \"../../../etc/passwd\" }}|", "|")]
    [InlineData("{{ .Files.Get \"/etc/passwd\" }}|", "|")]
    [InlineData("{{ lookup \"v1\" \"Secret\" \"kube-system\" \"\" }}", "map[]")]
    public void Render_ReachesOutOfTheChart_FindsNothing(string template, string expected) =>
        Assert.Equal("x: " + expected, Render("x: " + template.Replace("|", "'|'", StringComparison.Ordinal)).Manifests.Single().Content.Replace("'|'", "|", StringComparison.Ordinal));

    [Theory]
    [InlineData("{{ env \"PATH\" }}", "function \"env\" not defined")]
    [InlineData("{{ expandenv \"$PATH\" }}", "function \"expandenv\" not defined")]
    public void Render_AsksForTheEnvironment_IsRefused(string template, string expected) =>
        Assert.EndsWith(expected, Assert.Throws<ChartException>(() => Render(template)).Message, StringComparison.Ordinal);

    [Fact]
    public void Render_DeepPatternOnLongText_TakesLinearTime()
    {
        // Catastrophic for an engine that backtracks.
        RenderedChart rendered = Render("x: {{ regexMatch \"^(a+)+$\" (printf \"%s!\" (repeat 30000 \"a\")) }}");

        Assert.Equal("x: false", rendered.Manifests.Single().Content);
    }

    [Fact]
    public void Render_ManyAtOnce_LeavesTheChartAsItWas()
    {
        Chart chart = Load(Pack(File("c/Chart.yaml", ChartYaml), File("c/values.yaml", "n: 1\nm: {k: v}\n"),
            File("c/templates/t.yaml", "x: {{ .Values.n }}\ny: {{ set .Values.m \"k\" .Values.n | toJson }}\n")));
        string[] expected = [.. Enumerable.Range(0, 40).Select(i => $"x: {i}\ny: {{\"k\":{i}}}")];
        var actual = new string[40];

        Parallel.For(0, 40, i => actual[i] = ChartRenderer.Render(chart, new ReleaseInfo("r", "n"), new Capabilities("v1.34.0", []), new ValueOptions(Set: [$"n={i}"]), RenderLimits.Default, TimeProvider.System, CancellationToken.None).Manifests.Single().Content);

        Assert.Equal(expected, actual);
    }
}
