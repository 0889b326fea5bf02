using System.Text.RegularExpressions;

namespace Orrery.Tests.Architecture;

/// <summary>What the documents name must exist.</summary>
public sealed partial class DocumentTests
{
    public static TheoryData<string> Documents =>
    [
        "README.md", "ARCHITECTURE.md",
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Repository.Root, f)),
    ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Document_NamesOnlyPathsThatExist(string document)
    {
        string text = File.ReadAllText(Path.Combine(Repository.Root, document));

        string[] missing = [.. Paths().Matches(text).Select(m => m.Groups[1].Value).Distinct()
            .Where(p => !Path.Exists(Path.Combine(Repository.Root, p)))];

        Assert.True(missing.Length == 0, $"{document} names what does not exist: {string.Join(", ", missing)}");
    }

    /// <summary>Paths in code quotes or as link targets, from the repository's root.</summary>
    [GeneratedRegex(@"[`(]\.?/?((?:src|tests|docs|examples|deploy|tools)/[A-Za-z0-9_./-]*)[`)#]")]
    private static partial Regex Paths();
}
