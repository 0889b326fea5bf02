namespace Orrery.Helm.Tests;

/// <summary>The folder with what the real Helm made of templates and charts; tests skip visibly without it.</summary>
internal static class SharedData
{
    public static string Helm
    {
        get
        {
            string folder = Path.Combine(Environment.GetEnvironmentVariable("ORRERY_SHARED") ?? Path.Combine(Root(), "..", "shared"), "helm");
            Assert.SkipUnless(Directory.Exists(folder), "no recorded Helm data: set ORRERY_SHARED");
            return folder;
        }
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Orrery.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? ".";
    }
}
