using Orrery.Helm.Charts;
using Orrery.Helm.Go;
using Orrery.Helm.Templates;
using static Orrery.Helm.Tests.PackedChart;

namespace Orrery.Helm.Tests;

/// <summary>What a comparison with the real engine over random templates found.</summary>
public sealed class EngineTests
{
    private static string Render(string template, string text = "")
    {
        var root = new GoMap(GoMap.Values) { ["Values"] = new GoMap(GoMap.Values) { ["t"] = Utf8.FromText(text), ["l"] = new GoSlice([]) { IsNil = true } } };
        return Utf8.ToText(Engine.Render([new TemplateSource("c/templates/t", Utf8.FromText(template), root, "c/templates")], RenderBudget.Default)["c/templates/t"]);
    }

    [Theory]
    [InlineData("über alles", "nospace", "Ã¼beralles")]
    [InlineData("größe", "nospace", "größe")]
    [InlineData("A1b2-HTTPServer Xy", "untitle", "a1b2-HTTPServer xy")]
    [InlineData("--_---", "camelcase", "--_----")]
    [InlineData("bazQux-İ", "snakecase", "baz_qux_i")]
    [InlineData("İ", "swapcase", "i")]
    [InlineData("%~\n_ X\t", "toYamlPretty", "|-\n  %~\n  _ X\t")]
    [InlineData("!.0\u0085", "toYamlPretty", "\"!.0\\N\"")]
    [InlineData("1e", "fromJson", "map[Error:invalid character ' ' in exponent of numeric literal]")]
    [InlineData("nul", "fromJson", "map[Error:invalid character ' ' in literal null (expecting 'l')]")]
    [InlineData("\"a", "fromJson", "map[Error:unexpected end of JSON input]")]
    [InlineData("a b", "fromToml", "map[Error:toml: line 1: expected '.' or '=', but got 'b' instead]")]
    [InlineData("* = 1", "fromToml", "map[Error:toml: line 1: expected '.' or '=', but got '*' instead]")]
    public void Render_OneText_PrintsWhatTheRealEnginePrints(string text, string function, string expected) => Assert.Equal(expected, Render($"{{{{ .Values.t | {function} }}}}", text));

    [Theory]
    [InlineData(">1.2.3-0 <2", "1.2.3-rc.1", "true")]
    [InlineData(">=1.20 <2", "1.28.3-gke.1", "false")]
    [InlineData(">= 2.1.2, ~3.*-rc.2", "3.2.1-0", "true")]
    [InlineData("~2 || >*.1.2-0", "10.2.0-alpha", "true")]
    [InlineData("!=1.2.x", "1.2.3", "false")]
    [InlineData("!=1.x", "2.0.0", "true")]
    [InlineData("^0.0", "0.0.7", "true")]
    [InlineData("*", "7.1", "true")]
    [InlineData("3 || 1.0 - 2.0", "1.5", "true")]
    [InlineData("3||1.0 - 2.0", "1.5", "false")]
    public void SemverCompare_PreReleasesAndWildcards_DecidesAsTheRealOne(string constraint, string version, string expected) =>
        Assert.Equal(expected, Render($"{{{{ semverCompare \"{constraint}\" \"{version}\" }}}}"));

    [Theory]
    [InlineData("{{ printf \"%.X %.3x\" 0.1 1234567.891 }}", "0X1P-03 0x1.2d7p+20")]
    [InlineData("{{ toYamlPretty (dict \"a\" .Values.l) }}", "a: []")]
    [InlineData("{{ toYaml (dict \"a\" .Values.l) }}", "a: null")]
    [InlineData("{{ js 7 .Values.none }}", "7\\u003Cno value\\u003E")]
    public void Render_Numbers_PrintsWhatTheRealEnginePrints(string template, string expected) => Assert.Equal(expected, Render(template));

    [Theory]
    [InlineData("{{ slice \n 1)) }}", "parse error at (c/templates/t:2): unexpected right paren in action started at c/templates/t:1")]
    [InlineData("{{ if true }}\n{{ .a\n", "parse error at (c/templates/t:3): unclosed action started at c/templates/t:2")]
    [InlineData("{{ call .Values.t 1 }}", "template: c/templates/t:1:3: executing \"c/templates/t\" at <call .Values.t 1>: error calling call: non-function .Values.t of type string")]
    public void Render_Refused_SaysWhatTheRealEngineSays(string template, string expected) => Assert.Equal(expected, Assert.Throws<ChartException>(() => Render(template)).Message);

    [Fact]
    public void Render_TemplateSetsAValueOfAnotherChart_TheOtherSeesIt()
    {
        Chart chart = Load(Pack(
            File("p/Chart.yaml", "apiVersion: v2\nname: p\nversion: 1.0.0\n"),
            File("p/templates/z.yaml", "{{ $_ := set .Values.s \"late\" 1 }}p: {{ .Values.s.early }} {{ .Subcharts.s.Values.late }}"),
            File("p/charts/s/Chart.yaml", "apiVersion: v2\nname: s\nversion: 1.0.0\n"),
            File("p/charts/s/templates/a.yaml", "{{ $_ := set .Values \"early\" 2 }}s: {{ .Values.early }}")));

        RenderedChart rendered = ChartRenderer.Render(chart, new ReleaseInfo("r", "n"), new Capabilities(Capabilities.DefaultKubeVersion, []), new ValueOptions(), RenderLimits.Default, TimeProvider.System, CancellationToken.None);

        Assert.Equal(["p: 2 1", "s: 2"], rendered.Manifests.Select(m => m.Content).Order(StringComparer.Ordinal));
    }
}
